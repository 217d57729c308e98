package session

import (
	"bytes"
	"net"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/meeting"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// legacy is the one version of clients without ALPN.
var legacy = wire.Versions(smp.MinVersion, smp.MinVersion)

// versionFaults are mistakes in what the agreed version means.
var versionFaults = []fault.Fault{
	{
		ID:       "version/ids-as-at-6",
		Story:    "The answer to NEW has the fields of version 6 whatever was agreed.",
		Breaks:   []string{"SMP-VERSION-OWN-FORM"},
		Cases:    []string{"relay/version/own-form"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply:    idsAt(func(uint16) uint16 { return smp.MinVersion }),
	},
	{
		ID:       "version/ids-as-before",
		Story:    "The answer to NEW got its newest fields one version later than the document says.",
		Breaks:   []string{"SMP-VERSION-OWN-FORM"},
		Cases:    []string{"relay/version/own-form"},
		Versions: wire.Versions(smp.VersionShortLinks, smp.VersionShortLinks),
		Apply: idsAt(func(v uint16) uint16 {
			if v == smp.VersionShortLinks {
				return v - 1
			}
			return v
		}),
	},
	{
		ID:     "version/queue-keeps-version",
		Story:  "A queue belongs to the version that it was made at, and senders of another one are refused.",
		Breaks: []string{"SMP-VERSION-MIXED"},
		Cases:  []string{"relay/version/mixed"},
		Apply: sendsByVersion(func(_ smp.SEND, sender, queue uint16) *smp.Error {
			if sender != queue {
				return smp.ErrAuth
			}
			return nil
		}),
	},
	{
		ID:       "version/length-of-queue",
		Story:    "The largest body is that of the version at which the queue was made.",
		Breaks:   []string{"SMP-VERSION-LARGE-SENDER"},
		Cases:    []string{"relay/version/large-by-sender"},
		Versions: fault.Since(smp.VersionProxy),
		Apply: sendsByVersion(func(c smp.SEND, _, queue uint16) *smp.Error {
			if len(c.Body) > smp.MaxMessageLength(queue) {
				return smp.ErrLargeMsg
			}
			return nil
		}),
	},
	{
		ID:       "version/commands-of-version",
		Story:    "A command that is newer than the agreed version is not known.",
		Breaks:   []string{"SMP-VERSION-COMMANDS"},
		Cases:    []string{"relay/version/commands"},
		Versions: wire.Versions(smp.MinVersion, smp.VersionServices-1),
		Apply:    unknownBefore,
	},
	{
		ID:       "version/13-missing",
		Story:    "The list of versions lacks 13, which no client has ever announced.",
		Breaks:   []string{"SMP-VERSION-13"},
		Cases:    []string{"relay/version/13"},
		Versions: wire.Versions(12, 12),
		Apply: clientVersion(func(v uint16) (uint16, error) {
			if v == 13 {
				return v, errRefused
			}
			return v, nil
		}),
	},
	{
		ID:       "version/legacy-reads-only",
		Story:    "Clients without ALPN may use the queues that they have and make no new ones.",
		Breaks:   []string{"SMP-TLS-ALPN-ABSENT"},
		Cases:    []string{"relay/version/6-without-alpn"},
		Versions: legacy,
		Apply: fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			if _, ok := r.Command.(smp.NEW); ok && s.Conn().ALPN() == "" {
				return fault.Refuse(r, smp.ErrAuth)
			}
			return next(s, r)
		}),
	},
	{
		ID:       "version/legacy-offer-unchecked",
		Story:    "The version that a client without ALPN names is compared with all that the relay knows and not with what it was offered.",
		Breaks:   []string{"SMP-HS-VERSION-REFUSED"},
		Cases:    []string{"relay/version/7-without-alpn"},
		Versions: legacy,
		Apply:    acceptsMoreThanOffered,
	},
}

// idsAt encodes IDS at another version than the agreed one.
func idsAt(version func(agreed uint16) uint16) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.Encode
		st.Encode = func(s *relay.Session, outs []relay.Output) ([][]byte, error) {
			var contents [][]byte
			for i := range outs {
				ids, ok := outs[i].Response.(smp.IDS)
				if !ok {
					more, err := next(s, outs[i:i+1])
					if err != nil {
						return nil, err
					}
					contents = append(contents, more...)
					continue
				}
				content, err := encodeIDS(s, &outs[i], ids, version(s.Version()))
				if err != nil {
					return nil, err
				}
				contents = append(contents, content)
			}
			return contents, nil
		}
	})
}

// encodeIDS returns the content of a block with IDS in the form of a version.
func encodeIDS(s *relay.Session, out *relay.Output, ids smp.IDS, version uint16) ([]byte, error) {
	t := smp.Transmission{CorrelationID: out.CorrelationID, EntityID: out.EntityID}
	if s.Version() < smp.VersionAuthenticators {
		t.SessionID = s.Conn().SessionID()
	}
	b, err := t.Encode(s.Version())
	if err != nil {
		return nil, err
	}
	if b, err = smp.AppendResponse(b, version, ids); err != nil {
		return nil, err
	}
	return smp.EncodeBlock(b)
}

// sendsByVersion refuses SEND by the versions of its sender and of the session that made
// the queue.
func sendsByVersion(refused func(c smp.SEND, sender, queue uint16) *smp.Error) func(*relay.Config) {
	return func(c *relay.Config) {
		var made sync.Map // version by sender id
		fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			if command, ok := r.Command.(smp.SEND); ok {
				if v, known := made.Load(string(r.Transmission.EntityID)); known {
					if err := refused(command, s.Version(), v.(uint16)); err != nil {
						return fault.Refuse(r, err)
					}
				}
			}
			outs := next(s, r)
			for _, out := range outs {
				if ids, ok := out.Response.(smp.IDS); ok {
					made.Store(string(ids.SenderID), s.Version())
				}
			}
			return outs
		})(c)
	}
}

// unknownBefore does not know commands at versions before their own.
func unknownBefore(c *relay.Config) {
	since := map[string]uint16{
		"PRXY": smp.VersionProxy, "PFWD": smp.VersionProxy, "RFWD": smp.VersionProxy, "SKEY": smp.VersionSenderKeys,
		"LSET": smp.VersionShortLinks, "LKEY": smp.VersionShortLinks, "LGET": smp.VersionShortLinks,
		"SUBS": smp.VersionServices, "NSUBS": smp.VersionServices,
	}
	fault.ChangesRequests(func(s *relay.Session, r *relay.Request) {
		tag, _, _ := bytes.Cut(r.Transmission.Command, []byte(" "))
		if since[string(tag)] > s.Version() {
			r.Command, r.Err = nil, smp.ErrCmdUnknown
		}
	})(c)
}

// acceptsMoreThanOffered offers version 6 to clients without ALPN and serves them at any.
func acceptsMoreThanOffered(c *relay.Config) {
	meeting.Steps{
		Binding: func(_ net.Conn, b *transport.Binding) {
			if b.ALPN == "" {
				b.ALPN, b.CertificateSent = transport.Protocol, false
			}
		},
		Hello: func(block []byte, b transport.Binding) []byte {
			if b.CertificateSent {
				return block
			}
			hello := transport.ServerHello{Versions: legacy, SessionID: b.SessionID}
			content, err := hello.Encode()
			if err != nil {
				return block
			}
			return meeting.Block(content)
		},
	}.Apply(c)
}
