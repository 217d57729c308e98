package probe

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/channel"
	"smpcheck/conformance/target"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// preflightTime bounds each step of the preflight at time scale 1. Nothing that
// listens has to take longer for a handshake.
const preflightTime = 2500 * time.Millisecond

// Preflight meets the relay as a client does, once, to learn what it offers, and again at
// each of the versions, to learn whether it serves anything there; none are all. The
// errors: nothing listens, there is no TLS, the relay has another identity than its
// address says (*target.IdentityError), its hello does not come or cannot be read
// (*target.UnusableError), or it speaks no version that is known here. A relay that
// accepts in TLS only what ordinary clients do not offer is no error: cases say best what
// is wrong with it.
func Preflight(ctx context.Context, tgt target.Target, scale float64, versions ...uint16) (target.Info, error) {
	limit := time.Duration(float64(preflightTime) * scale)
	s, err := meet(ctx, tgt.Server().Address(), limit)
	if err != nil {
		return target.Info{}, err
	}
	defer s.Close()
	if err := channel.CheckIdentity(s.Chain, tgt.Server().KeyHash); err != nil {
		return target.Info{}, err
	}
	known := wire.Versions(smp.MinVersion, smp.MaxVersion)
	info := target.Info{Versions: known, ALPN: s.ALPN, TLS: s.TLS, Patience: target.NewPatience()}
	hello, err := readHello(s, limit)
	s.Close() // an unfinished handshake must not be in the way of the next ones
	if err != nil {
		info.Unusable = make(map[uint16]string)
		for _, v := range conformance.AllVersions {
			info.Unusable[v] = err.Error()
		}
		return target.Info{}, &target.UnusableError{Info: info, Err: err}
	}
	if _, ok := hello.Versions.Common(known); !ok {
		return target.Info{}, fmt.Errorf("the relay offers SMP versions %s, smpcheck knows %s", hello.Versions, known)
	}
	info.Versions = hello.Versions
	if len(versions) == 0 {
		versions = conformance.AllVersions
	}
	info.Unusable = unusable(ctx, tgt, info, versions, limit)
	return info, nil
}

// readHello reads the hello of the relay, or says why there is none.
func readHello(s *secure, limit time.Duration) (transport.ServerHello, error) {
	s.SetReadDeadline(time.Now().Add(limit))
	block := make([]byte, transport.BlockSize)
	if _, err := io.ReadFull(s, block); err != nil {
		return transport.ServerHello{}, fmt.Errorf("the relay sent no hello within %v of the TLS handshake: %w", limit, err)
	}
	content, err := wire.Unpad(block)
	if err != nil {
		return transport.ServerHello{}, fmt.Errorf("the first block of the relay is no hello: %w", err)
	}
	hello, err := transport.DecodeServerHello(content)
	if err != nil {
		return transport.ServerHello{}, fmt.Errorf("the first block of the relay is no hello: %w", err)
	}
	return hello, nil
}

// unusable tries those of the versions that the relay offers, all at once.
func unusable(ctx context.Context, tgt target.Target, info target.Info, versions []uint16, limit time.Duration) map[uint16]string {
	var mu sync.Mutex
	var group sync.WaitGroup
	reasons := make(map[uint16]string)
	for _, v := range versions {
		if !info.Versions.Contains(v) {
			continue
		}
		group.Go(func() {
			if err := pingAt(ctx, tgt, info.TLS, v, limit); err != nil {
				mu.Lock()
				defer mu.Unlock()
				reasons[v] = err.Error()
			}
		})
	}
	group.Wait()
	return reasons
}

// pings is how many PINGs have to be answered: with one, a relay would pass that
// encrypts each block with the same key.
const pings = 3

// pingAt agrees on version v and sends some PINGs; its error says what came in
// place of a PONG.
func pingAt(ctx context.Context, tgt target.Target, tls string, v uint16, limit time.Duration) error {
	s, err := meetAt(ctx, tgt.Server().Address(), tls, tlsprobe.Config{ALPN: []string{ALPN}, HandshakeTimeout: limit})
	if err != nil {
		return err
	}
	defer s.Close()
	binding := transport.Binding{SessionID: s.SessionID, PeerChain: s.Chain, ALPN: s.ALPN}
	conn, err := transport.ClientHandshake(ctx, s, binding, transport.ClientConfig{
		KeyHash: tgt.Server().KeyHash, Versions: wire.Versions(v, v), Timeout: limit,
	})
	if err != nil {
		return fmt.Errorf("the handshake failed: %w", err)
	}
	ping := smp.Transmission{}
	if v < smp.VersionAuthenticators {
		ping.SessionID = s.SessionID
	}
	deadline := time.Now().Add(limit)
	for i := range pings {
		ping.CorrelationID = bytes.Repeat([]byte{byte(i + 1)}, smp.CorrelationIDSize)
		answer, err := exchange(conn, ping, v, deadline)
		if err != nil {
			return err
		}
		if _, ok := answer.Response.(smp.PONG); !ok || answer.Err != nil {
			return fmt.Errorf("PING was answered %s", Received{Transmission: answer.Transmission, Response: answer.Response, Err: answer.Err})
		}
		if !bytes.Equal(answer.Transmission.CorrelationID, ping.CorrelationID) {
			return fmt.Errorf("PING was answered with the correlation id %x of another command", answer.Transmission.CorrelationID)
		}
	}
	return nil
}

// exchange sends one PING and returns the first transmission that comes.
func exchange(conn *transport.Conn, ping smp.Transmission, v uint16, deadline time.Time) (smp.ReceivedResponse, error) {
	command, err := smp.EncodeCommand(v, smp.PING{})
	if err != nil {
		return smp.ReceivedResponse{}, err
	}
	ping.Command = command
	encoded, err := ping.Encode(v)
	if err != nil {
		return smp.ReceivedResponse{}, err
	}
	content, err := smp.EncodeBlock(encoded)
	if err != nil {
		return smp.ReceivedResponse{}, err
	}
	conn.SetDeadline(deadline)
	if err := conn.WriteBlock(content); err != nil {
		return smp.ReceivedResponse{}, fmt.Errorf("PING could not be sent: %w", err)
	}
	block, err := conn.ReadBlock()
	if err != nil {
		return smp.ReceivedResponse{}, fmt.Errorf("PING was not answered: %w", err)
	}
	return smp.DecodeResponses(v, conn.SessionID(), block)[0], nil
}

// meet performs the TLS handshake with the newest version that the relay takes. A relay
// that refuses the offer of an ordinary client gets one of everything.
func meet(ctx context.Context, address string, limit time.Duration) (*secure, error) {
	ordinary := tlsprobe.Config{ALPN: []string{ALPN}, HandshakeTimeout: limit}
	s, err := meetAt(ctx, address, "1.3", ordinary)
	switch {
	case err == nil:
		return s, nil
	case channel.WantsOlder(err):
		return meetAt(ctx, address, "1.2", ordinary)
	case RefusedTLS(err):
		if s, other := meetAt(ctx, address, "1.3", Everything(ordinary, address)); other == nil {
			return s, nil
		}
	}
	return nil, err
}

// Everything widens an offer to all that a handshake with TLS 1.3 can be carried out with:
// cipher suites, groups with a share of each, signature schemes, a server name.
func Everything(offer tlsprobe.Config, address string) tlsprobe.Config {
	offer.CipherSuites = []tlsprobe.CipherSuite{tlsprobe.ChaCha20Poly1305SHA256, tlsprobe.AES128GCMSHA256, tlsprobe.AES256GCMSHA384}
	offer.Groups = []tlsprobe.Group{tlsprobe.X25519, tlsprobe.X448, tlsprobe.P256}
	offer.KeyShares = offer.Groups
	offer.SignatureSchemes = []tlsprobe.SignatureScheme{
		tlsprobe.Ed25519, tlsprobe.Ed448, tlsprobe.ECDSAP256SHA256, tlsprobe.ECDSAP384SHA384,
		tlsprobe.RSAPSSRSAESHA256, tlsprobe.RSAPSSRSAESHA384, tlsprobe.RSAPSSRSAESHA512,
	}
	offer.ServerName = ServerName(address)
	return offer
}

// ServerName is the name of the host in an address, which a client of TLS could send;
// localhost where the address has a number in its place.
func ServerName(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil || net.ParseIP(host) != nil {
		return "localhost"
	}
	return host
}

func meetAt(ctx context.Context, address, version string, offer tlsprobe.Config) (*secure, error) {
	ctx, cancel := context.WithTimeout(ctx, offer.HandshakeTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the relay cannot be reached: %w", err)
	}
	s, err := channel.Establish(ctx, conn, version, &offer)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("the TLS %s handshake with the relay failed: %w", version, err)
	}
	return s, nil
}
