package codec

import (
	"strconv"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// queueURIs are the operations on the addresses of queues.
var queueURIs = area{
	operations: map[string]handler{
		"parse_queue_uri":   operation(parseQueueURI),
		"format_queue_uri":  operation(formatQueueURI),
		"encode_queue_uri":  operation(encodeQueueURI),
		"decode_queue_uri":  operation(decodeQueueURI),
		"encode_queue_info": operation(encodeQueueInfo),
		"decode_queue_info": operation(decodeQueueInfo),
	},
}

// relayParts is a relay without scheme and password.
type relayParts struct {
	KeyHash vectors.Hex `json:"key_hash"`
	Hosts   []string    `json:"hosts"`
	Port    string      `json:"port"`
}

func (p relayParts) server() (link.Server, error) {
	s := link.Server{Scheme: link.SMP, KeyHash: p.KeyHash, Port: p.Port}
	for _, text := range p.Hosts {
		h, err := link.ParseHost(text)
		if err != nil {
			return link.Server{}, err
		}
		s.Hosts = append(s.Hosts, h)
	}
	if len(s.Hosts) == 0 {
		return link.Server{}, badRequest("a relay without hosts")
	}
	if _, err := strconv.ParseUint(p.Port, 10, 63); err != nil && p.Port != "" {
		return link.Server{}, badRequest("%q is no port", p.Port)
	}
	return s, nil
}

func partsOfRelay(s link.Server) relayParts { return relayParts{s.KeyHash, hostTexts(s), s.Port} }

// queueParts is the address of a queue.
type queueParts struct {
	relayParts
	SenderID  vectors.Hex `json:"sender_id"`
	DHKey     vectors.Hex `json:"dh_key"`
	QueueMode *string     `json:"queue_mode"`
}

// queueModes are the modes by their letters.
var queueModes = map[string]smp.QueueMode{"M": smp.Messaging, "C": smp.Contact}

func (p queueParts) address() (link.QueueAddress, error) {
	server, err := p.server()
	if err != nil {
		return link.QueueAddress{}, err
	}
	dh, err := publicKeyFor(p.DHKey, keys.X25519)
	if err != nil {
		return link.QueueAddress{}, err
	}
	a := link.QueueAddress{Server: server, SenderID: p.SenderID, DHKey: dh}
	if p.QueueMode != nil {
		var ok bool
		if a.Mode, ok = queueModes[*p.QueueMode]; !ok {
			return link.QueueAddress{}, badRequest("%q is no mode of a queue", *p.QueueMode)
		}
	}
	return a, nil
}

func partsOfQueue(a link.QueueAddress) queueParts {
	p := queueParts{relayParts: partsOfRelay(a.Server), SenderID: a.SenderID, DHKey: a.DHKey.SPKI()}
	if a.Mode != 0 {
		letter := string(rune(a.Mode))
		p.QueueMode = &letter
	}
	return p
}

// publicKeyFor decodes a public key of the algorithm.
func publicKeyFor(der []byte, algorithm keys.Algorithm) (keys.PublicKey, error) {
	k, err := keys.ParsePublic(der)
	if err == nil && k.Algorithm() != algorithm {
		err = link.ErrKey
	}
	return k, err
}

type queueURIParts struct {
	queueParts
	ClientVersions versions `json:"client_versions"`
}

func (p queueURIParts) uri() (link.QueueURI, error) {
	v, err := p.ClientVersions.wire()
	if err != nil {
		return link.QueueURI{}, err
	}
	a, err := p.address()
	return link.QueueURI{ClientVersions: v, QueueAddress: a}, err
}

func partsOfQueueURI(q link.QueueURI) queueURIParts {
	return queueURIParts{partsOfQueue(q.QueueAddress), rangeOf(q.ClientVersions)}
}

func rangeOf(v wire.VersionRange) versions { return versions{v.Min, v.Max} }

type parsedQueueURI struct {
	Parameters []string `json:"parameters"`
	queueURIParts
	Canonical string `json:"canonical"`
}

func parseQueueURI(in text) (parsedQueueURI, error) {
	q, err := link.ParseQueueURI(in.Text)
	if err != nil {
		return parsedQueueURI{}, err
	}
	_, query, _ := strings.Cut(in.Text, "?")
	return parsedQueueURI{parametersOf(query), partsOfQueueURI(q), q.Text()}, nil
}

// parametersOf splits parameters as they stand.
func parametersOf(query string) []string {
	items := strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
	return append([]string{}, items...)
}

type canonicalText struct {
	Canonical string `json:"canonical"`
}

func formatQueueURI(in queueURIParts) (canonicalText, error) {
	q, err := in.uri()
	if err != nil {
		return canonicalText{}, err
	}
	return canonicalText{q.Text()}, nil
}

func encodeQueueURI(in queueURIParts) (encoded, error) {
	q, err := in.uri()
	if err != nil {
		return encoded{}, err
	}
	return written(q.Write)
}

type decodedQueueURI struct {
	queueURIParts
	Recoded vectors.Hex `json:"recoded"`
}

func decodeQueueURI(in encoded) (decodedQueueURI, error) {
	q, err := link.Decode(in.Encoded, link.ReadQueueURI)
	if err != nil {
		return decodedQueueURI{}, err
	}
	again, err := written(q.Write)
	return decodedQueueURI{partsOfQueueURI(q), again.Encoded}, err
}

type queueInfoParts struct {
	Version uint16 `json:"version"`
	queueParts
}

func encodeQueueInfo(in queueInfoParts) (encoded, error) {
	a, err := in.address()
	if err != nil {
		return encoded{}, err
	}
	return written(link.QueueInfo{Version: in.Version, QueueAddress: a}.Write)
}

func decodeQueueInfo(in encoded) (queueInfoParts, error) {
	q, err := link.Decode(in.Encoded, link.ReadQueueInfo)
	if err != nil {
		return queueInfoParts{}, err
	}
	return queueInfoParts{q.Version, partsOfQueue(q.QueueAddress)}, nil
}
