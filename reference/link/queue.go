package link

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// SMP client versions at which the address of a queue got something new.
const (
	// InitialClientVersion knows one host of a relay in binary addresses.
	InitialClientVersion = 1
	// HostsClientVersion knows several hosts.
	HostsClientVersion = 2
	// SenderSecureClientVersion knows whether the sender may secure the queue.
	SenderSecureClientVersion = 3
	// ShortLinksClientVersion knows the mode of the queue, and short links.
	ShortLinksClientVersion = 4
)

// Errors of queue addresses.
var (
	// ErrQueue is in the chain of every error about the text of a queue URI.
	ErrQueue = errors.New("malformed queue URI")
	// ErrKey: a key is malformed or of another algorithm than its place asks for.
	ErrKey = errors.New("key not allowed here")
)

// QueueAddress is where and how a sender reaches a queue.
type QueueAddress struct {
	// Server is an SMP relay. Its password is never part of the address of a queue.
	Server Server
	// SenderID is the id of the queue for its sender: 24 bytes from the official relay.
	SenderID []byte
	// DHKey agrees the secret of the queue's end-to-end layer: X25519.
	DHKey keys.PublicKey
	// Mode is 0 where the address does not tell it.
	Mode smp.QueueMode
}

// QueueURI is the address of a queue for a range of SMP client versions, as it stands
// in links.
type QueueURI struct {
	ClientVersions wire.VersionRange
	QueueAddress
}

// At returns the address for a peer at one client version.
func (q QueueURI) At(version uint16) QueueInfo {
	return QueueInfo{Version: version, QueueAddress: q.QueueAddress}
}

// ParseQueueURI reads "smp://KEYHASH@HOSTS[:PORT]/SENDERID#/?v=…&dh=…" with parameters
// in any order; unknown ones are ignored. The mode is that of "q=m" or "q=c", or
// messaging for "k=s"; of a parameter that comes twice the first counts. "srv=" adds
// hosts. As in the official implementation, the key may stand between "#" and "/?"
// instead, or after "#" alone, which is client version 1. Every error has ErrQueue in
// its chain. SMP, "SMP queue URI"; the document has "k=s" only.
func ParseQueueURI(text string) (QueueURI, error) { return new(scanner).queueURI(text) }

func (sc *scanner) queueURI(text string) (QueueURI, error) {
	q, err := sc.queue(text)
	if err != nil {
		return QueueURI{}, fmt.Errorf("%w: %w", ErrQueue, err)
	}
	return q, nil
}

func (sc *scanner) queue(text string) (QueueURI, error) {
	var q QueueURI
	server, rest, err := sc.server(text)
	if err != nil {
		return q, err
	}
	if server.Scheme != SMP || server.Password != "" {
		return q, fmt.Errorf("%w: expected smp:// and no password", ErrServer)
	}
	q.Server = server
	path, fragment, ok := strings.Cut(rest, "#")
	id, slashed := strings.CutPrefix(path, "/")
	if !ok || !slashed {
		return q, errors.New("expected / and a queue id and # after the relay")
	}
	id, extra := strings.CutSuffix(id, "/")
	if extra {
		sc.note("a slash before #")
	}
	if q.SenderID, err = parseBase64(id); err != nil {
		return q, fmt.Errorf("queue id: %w", err)
	}
	return q, sc.fragment(&q, fragment)
}

// fragment reads what follows "#".
func (sc *scanner) fragment(q *QueueURI, text string) error {
	key, rest := takeBase64(text)
	if key != "" {
		sc.note("a key before the parameters")
		var err error
		if q.DHKey, err = parseKey(key, keys.X25519); err != nil {
			return err
		}
		if rest == "" {
			q.ClientVersions = wire.Versions(InitialClientVersion, InitialClientVersion)
			return nil
		}
	}
	params, ok := strings.CutPrefix(strings.TrimPrefix(rest, "/"), "?")
	if !ok {
		return errors.New("expected /? and parameters after #")
	}
	if rest[0] != '/' {
		sc.note("no slash before the parameters")
	}
	list, err := sc.query(params)
	if err != nil {
		return err
	}
	return sc.parameters(q, list)
}

func (sc *scanner) parameters(q *QueueURI, list query) error {
	v, err := list.require("v")
	if err != nil {
		return err
	}
	if q.ClientVersions, err = sc.versions(v); err != nil {
		return err
	}
	if q.DHKey.IsZero() {
		dh, err := list.require("dh")
		if err != nil {
			return err
		}
		if q.DHKey, err = parseKey(dh, keys.X25519); err != nil {
			return err
		}
	}
	if srv, _ := list.get("srv"); srv != "" {
		more, rest, err := sc.hosts(srv)
		if err != nil {
			return err
		}
		if rest != "" {
			return fmt.Errorf("%w: text after the hosts", ErrHost)
		}
		q.Server.Hosts = append(q.Server.Hosts, more...)
	}
	q.Mode = list.mode()
	return nil
}

// mode is what the parameters q and k say.
func (q query) mode() smp.QueueMode {
	mode, _ := q.get("q")
	secure, _ := q.get("k")
	switch {
	case mode == "m":
		return smp.Messaging
	case mode == "c":
		return smp.Contact
	case secure == "s":
		return smp.Messaging
	}
	return 0
}

// Text returns the URI. Below client version 2 it has one host and the others in a
// parameter; below version 4 a messaging queue has "k=s" too.
func (q QueueURI) Text() string {
	params := query{{"v", q.ClientVersions.String()}, {"dh", base64.URLEncoding.EncodeToString(q.DHKey.SPKI())}}
	switch q.Mode {
	case smp.Messaging:
		params = append(params, parameter{"q", "m"})
		if q.ClientVersions.Min < ShortLinksClientVersion {
			params = append(params, parameter{"k", "s"})
		}
	case smp.Contact:
		params = append(params, parameter{"q", "c"})
	}
	server := q.Server
	if q.ClientVersions.Min < HostsClientVersion && len(server.Hosts) > 1 {
		params = append(params, parameter{"srv", hostList(server.Hosts[1:])})
		server.Hosts = server.Hosts[:1]
	}
	return server.String() + "/" + base64.URLEncoding.EncodeToString(q.SenderID) + "#/?" + params.escaped()
}

func hostList(hosts []Host) string {
	names := make([]string, len(hosts))
	for i, h := range hosts {
		names[i] = h.String()
	}
	return strings.Join(names, ",")
}

// Equal reports whether both are the same address for the same versions.
func (q QueueURI) Equal(o QueueURI) bool {
	return q.ClientVersions == o.ClientVersions && q.QueueAddress.Equal(o.QueueAddress)
}

// Equal reports whether both addresses are the same in every part.
func (a QueueAddress) Equal(o QueueAddress) bool {
	return a.Server.Equal(o.Server) && slices.Equal(a.SenderID, o.SenderID) && a.DHKey == o.DHKey && a.Mode == o.Mode
}

// parseKey decodes the base64url text of a SubjectPublicKeyInfo.
func parseKey(text string, algorithm keys.Algorithm) (keys.PublicKey, error) {
	der, err := parseBase64(text)
	if err != nil {
		return keys.PublicKey{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return decodeKey(der, algorithm)
}

func decodeKey(der []byte, algorithm keys.Algorithm) (keys.PublicKey, error) {
	k, err := keys.ParsePublic(der)
	if err != nil {
		return keys.PublicKey{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if k.Algorithm() != algorithm {
		return keys.PublicKey{}, fmt.Errorf("%w: %v, expected %v", ErrKey, k.Algorithm(), algorithm)
	}
	return k, nil
}
