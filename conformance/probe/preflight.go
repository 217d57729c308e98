package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"smpcheck/conformance/target"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// preflightTime bounds each step of the preflight at time scale 1. Nothing that
// listens has to take longer for a handshake.
const preflightTime = 3 * time.Second

// Preflight meets the relay as a client does, once, to learn what it offers. The
// errors: nothing listens, the handshake fails, or the relay has another
// identity than its address says (*target.IdentityError).
func Preflight(ctx context.Context, tgt target.Target, scale float64) (target.Info, error) {
	limit := time.Duration(float64(preflightTime) * scale)
	s, err := meet(ctx, tgt.Server().Address(), limit)
	if err != nil {
		return target.Info{}, err
	}
	defer s.Close()
	if err := checkIdentity(s.chain, tgt.Server().KeyHash); err != nil {
		return target.Info{}, err
	}
	s.SetReadDeadline(time.Now().Add(limit))
	block := make([]byte, transport.BlockSize)
	if _, err := io.ReadFull(s, block); err != nil {
		return target.Info{}, fmt.Errorf("the relay sent no hello within %v of the TLS handshake: %w", limit, err)
	}
	content, err := wire.Unpad(block)
	if err != nil {
		return target.Info{}, fmt.Errorf("the first block of the relay is no hello: %w", err)
	}
	hello, err := transport.DecodeServerHello(content)
	if err != nil {
		return target.Info{}, fmt.Errorf("the first block of the relay is no hello: %w", err)
	}
	if _, ok := hello.Versions.Common(wire.Versions(smp.MinVersion, smp.MaxVersion)); !ok {
		return target.Info{}, fmt.Errorf("the relay offers SMP versions %s, smpcheck knows %d to %d", hello.Versions, smp.MinVersion, smp.MaxVersion)
	}
	return target.Info{Versions: hello.Versions, ALPN: s.alpn, TLS: s.version}, nil
}

// meet performs the TLS handshake with the newest version that the relay takes.
func meet(ctx context.Context, address string, limit time.Duration) (*secure, error) {
	s, err := meetAt(ctx, address, limit, "1.3")
	if err != nil && refusesTLS13(err) {
		return meetAt(ctx, address, limit, "1.2")
	}
	return s, err
}

func meetAt(ctx context.Context, address string, limit time.Duration, version string) (*secure, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the relay cannot be reached: %w", err)
	}
	s, err := establish(ctx, conn, version, &tlsprobe.Config{ALPN: []string{ALPN}, HandshakeTimeout: limit})
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("the TLS %s handshake with the relay failed: %w", version, err)
	}
	return s, nil
}

// checkIdentity compares the identity certificate with the fingerprint of the
// address. A chain without one is not judged here: cases do.
func checkIdentity(chain [][]byte, keyHash []byte) error {
	if len(chain) == 0 {
		return errors.New("the relay showed no certificate")
	}
	identity, err := keys.Identity(chain)
	if err != nil {
		identity = chain[len(chain)-1]
	}
	if actual := keys.FingerprintOf(identity); !bytes.Equal(actual[:], keyHash) {
		return &target.IdentityError{Expected: keyHash, Actual: actual[:]}
	}
	return nil
}
