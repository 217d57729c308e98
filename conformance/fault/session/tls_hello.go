package session

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"sync/atomic"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/meeting"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// tlsHelloFaults are mistakes in what the relay makes of a ClientHello.
var tlsHelloFaults = []fault.Fault{
	{
		ID:     "tls/alpn-unselected",
		Story:  "The relay reads the application protocol of the client and does not confirm it.",
		Breaks: []string{"SMP-TLS-ALPN"},
		Cases:  []string{"relay/tls/alpn"},
		Apply: meeting.Steps{
			Secure:  meeting.OwnTLS(func(c *tlsprobe.ServerConfig) { c.SelectALPN = nil }),
			Binding: func(_ net.Conn, b *transport.Binding) { b.ALPN = transport.Protocol },
		}.Apply,
	},
	{
		ID:     "tls/alpn-first-only",
		Story:  "Only the first application protocol that the client names is compared.",
		Breaks: []string{"SMP-TLS-ALPN"},
		Cases:  []string{"relay/tls/alpn"},
		Apply: meeting.WithTLS(meeting.OwnTLS(func(c *tlsprobe.ServerConfig) {
			c.SelectALPN = func(offered []string) string { return meeting.SelectSMP(offered[:1]) }
		})),
	},
	{
		ID:     "tls/alpn-echoed",
		Story:  "The relay selects whatever application protocol the client names first.",
		Breaks: []string{"SMP-TLS-ALPN-UNKNOWN", "SMP-TLS-ALPN"},
		Cases:  []string{"relay/tls/alpn-unknown", "relay/tls/alpn"},
		Apply: meeting.WithTLS(meeting.OwnTLS(func(c *tlsprobe.ServerConfig) {
			c.SelectALPN = func(offered []string) string { return offered[0] }
		})),
	},
	{
		ID:     "tls/alpn-unknown-served",
		Story:  "A client that names another application protocol is taken for one of the newest version.",
		Breaks: []string{"SMP-TLS-ALPN-UNKNOWN"},
		Cases:  []string{"relay/tls/alpn-unknown"},
		Apply: meeting.Steps{
			Secure: forClients(func(h *tls.ClientHelloInfo) bool { return len(h.SupportedProtos) > 0 },
				meeting.OwnTLS(func(*tlsprobe.ServerConfig) {})),
			Binding: func(c net.Conn, b *transport.Binding) {
				if _, own := c.(*tlsprobe.Conn); own {
					b.ALPN = transport.Protocol
				}
			},
		}.Apply,
	},
	{
		ID:       "tls/alpn-required",
		Story:    "Every client has to name an application protocol, as all have done since version 7.",
		Breaks:   []string{"SMP-TLS-ALPN-ABSENT"},
		Cases:    []string{"relay/tls/alpn-absent"},
		Versions: wire.Versions(6, 6),
		Apply: meeting.WithTLS(forClients(func(h *tls.ClientHelloInfo) bool { return len(h.SupportedProtos) == 0 },
			refuses(tlsprobe.AlertNoApplicationProto))),
	},
	{
		ID:       "tls/alpn-absent-all-versions",
		Story:    "The application protocol is not looked at when the versions are offered.",
		Breaks:   []string{"SMP-TLS-ALPN-ABSENT"},
		Cases:    []string{"relay/tls/alpn-absent"},
		Versions: wire.Versions(6, 6),
		Apply:    meeting.Steps{Binding: func(_ net.Conn, b *transport.Binding) { b.ALPN = transport.Protocol }}.Apply,
	},
	{
		ID:     "tls/server-name-required",
		Story:  "The relay shares its port with a web server and needs a server name to tell its clients from browsers.",
		Breaks: []string{"SMP-TLS-NO-SNI"},
		Cases:  []string{"relay/tls/no-server-name"},
		Apply: meeting.WithTLS(forClients(func(h *tls.ClientHelloInfo) bool { return h.ServerName == "" },
			refuses(112))), // unrecognized_name
	},
	{
		ID:     "tls/certificate-required",
		Story:  "Since services have certificates, the relay demands one of every client.",
		Breaks: []string{"SMP-TLS-CLIENT-CERTIFICATE"},
		Cases:  []string{"relay/tls/client-certificate"},
		Apply:  meeting.WithTLS(needsCertificate),
	},
	{
		ID:       "tls/certificate-not-requested",
		Story:    "The relay expects the certificates of services in their hello alone and does not ask for them in TLS.",
		Breaks:   []string{"SMP-TLS-CLIENT-CERTIFICATE-REQUEST"},
		Cases:    []string{"relay/tls/client-certificate-request"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    meeting.WithTLS(meeting.OwnTLS(func(c *tlsprobe.ServerConfig) { c.NoRequest = true })),
	},
	{
		ID:     "tls/unknown-extension-refused",
		Story:  "An extension that the relay does not know is taken for an attack.",
		Breaks: []string{"SMP-TLS-UNKNOWN-IGNORED"},
		Cases:  []string{"relay/tls/unknown-ignored"},
		Apply: meeting.WithTLS(forClients(func(h *tls.ClientHelloInfo) bool { return slices.Contains(h.Extensions, 0x5a5a) },
			refuses(tlsprobe.AlertUnsupportedExtension))),
	},
	{
		ID:     "tls/unknown-group-refused",
		Story:  "The list of groups is read into an enumeration, and a number that it lacks is an error.",
		Breaks: []string{"SMP-TLS-UNKNOWN-IGNORED"},
		Cases:  []string{"relay/tls/unknown-ignored"},
		Apply: meeting.WithTLS(forClients(func(h *tls.ClientHelloInfo) bool { return slices.Contains(h.SupportedCurves, 0x1a1a) },
			refuses(tlsprobe.AlertDecodeError))),
	},
	{
		ID:     "tls/hello-in-one-record",
		Story:  "The ClientHello is expected in one record.",
		Breaks: []string{"SMP-TLS-HELLO-FRAGMENTS"},
		Cases:  []string{"relay/tls/hello-fragments"},
		Apply:  meeting.Steps{Secure: wholeHello}.Apply,
	},
}

// needsCertificate refuses a client without a certificate, after the handshake as TLS 1.3
// has it.
func needsCertificate(ctx context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error) {
	var certified bool
	conn, binding, err := meeting.OwnTLS(func(*tlsprobe.ServerConfig) {})(ctx, raw, config)
	if err == nil {
		certified = len(binding.PeerChain) > 0
	}
	if err == nil && !certified {
		err = conn.(*tlsprobe.Conn).WriteRecord(tlsprobe.ContentAlert, []byte{byte(tlsprobe.LevelFatal), byte(tlsprobe.AlertCertificateRequired)})
		if err == nil {
			err = errRefused
		}
	}
	return conn, binding, err
}

// recordHead is the size of the header of a record with type and length of the message in it.
const recordHead = 9

// isCut reports whether the message goes on after the record.
func isCut(head []byte) bool {
	record, message := int(head[3])<<8|int(head[4]), int(head[6])<<16|int(head[7])<<8|int(head[8])
	return message+4 > record
}

// wholeHello refuses a first record that holds only a part of a ClientHello.
func wholeHello(ctx context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error) {
	head := make([]byte, recordHead)
	if _, err := io.ReadFull(raw, head); err != nil {
		return nil, transport.Binding{}, err
	}
	if isCut(head) {
		return refuses(tlsprobe.AlertDecodeError)(ctx, raw, config)
	}
	return meeting.RightTLS(ctx, &meeting.Replay{Conn: raw, Head: head}, config)
}

// leaking is a relay that admits so many clients whose handshake broke off, and nobody
// after them.
func leaking(limit int32) func(*relay.Config) {
	return func(c *relay.Config) {
		var lost atomic.Int32
		fault.Stages(func(st *relay.Stages) {
			accept, handshake := st.Accept, st.Handshake
			st.Accept = func(conn net.Conn) (net.Conn, error) {
				if lost.Load() >= limit {
					return nil, errRefused
				}
				return accept(conn)
			}
			st.Handshake = func(ctx context.Context, conn net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
				s, err := handshake(ctx, conn, config)
				if err != nil {
					lost.Add(1)
				}
				return s, err
			}
		})(c)
	}
}
