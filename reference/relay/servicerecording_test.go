package relay_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// recordedServices is the recording of official clients, two of them services, with
// what a relay needs to be in the place of the official one.
type recordedServices struct {
	*vectors.Recording
	ids recordedIDs
	// notifiers are the keys of NKEY and NEW by the ids of NID and IDS.
	notifiers map[string]smp.NotifierKeys
}

func loadRecordedServices(t *testing.T) *recordedServices {
	t.Helper()
	recording, err := vectors.LoadRecording("raw-v18")
	require.NoError(t, err)
	r := &recordedServices{Recording: recording, ids: recordedIDs{}, notifiers: map[string]smp.NotifierKeys{}}
	asked := map[string]smp.NotifierKeys{}
	for _, b := range recording.Blocks {
		switch {
		case !b.Encrypted: // the handshake
		case b.Sender == "client":
			for _, c := range smp.DecodeCommands(18, nil, b.Content) {
				switch command := c.Command.(type) {
				case smp.NKEY:
					asked[string(c.Transmission.CorrelationID)] = command.NotifierKeys
				case smp.NEW:
					if command.Notifier != nil {
						asked[string(c.Transmission.CorrelationID)] = *command.Notifier
					}
				}
			}
		default:
			for _, c := range smp.DecodeResponses(18, nil, b.Content) {
				switch response := c.Response.(type) {
				case smp.NID:
					r.notifiers[string(response.NotifierID)] = asked[string(c.Transmission.CorrelationID)]
				case smp.IDS:
					if response.Notifier != nil {
						r.notifiers[string(response.Notifier.NotifierID)] = asked[string(c.Transmission.CorrelationID)]
					}
				}
			}
		}
	}
	return r
}

// serve makes a relay with the session identifiers, the keys and the certificates
// that the services of the recording had.
func (r *recordedServices) serve(config *relay.Config) {
	config.Versions = wire.Versions(6, 18)
	config.Stages.NewID = func(s *relay.Session, request *relay.Request, kind relay.IDKind) ([]byte, error) {
		if len(r.ids[kind]) > 0 {
			return r.ids.next(s, request, kind)
		}
		return relay.DefaultStages().NewID(s, request, kind)
	}
	config.Stages.Handshake = func(ctx context.Context, raw net.Conn, cfg transport.ServerConfig) (*transport.Conn, error) {
		conn, ok := raw.(recordedConn)
		if !ok {
			return transport.Server(ctx, raw, cfg)
		}
		var err error
		if cfg.Key, err = keys.ParsePrivate(conn.recorded.ServerPrivateDER); err != nil {
			return nil, err
		}
		hello, err := transport.DecodeClientHello(r.block(conn.recorded.ID, "client", 0))
		if err != nil {
			return nil, err
		}
		binding := transport.Binding{SessionID: conn.recorded.SessionID, ALPN: transport.Protocol, PeerChain: hello.Service.Chain}
		cfg.Service = func(context.Context, transport.Service, [][]byte) ([]byte, error) {
			response, err := transport.DecodeServiceResponse(r.block(conn.recorded.ID, "server", 1))
			return response.ServiceID, err
		}
		return transport.ServerHandshake(ctx, conn, binding, cfg)
	}
}

// block is the content of a block, nil if there is none.
func (r *recordedServices) block(connection, sender string, index int) []byte {
	for _, b := range r.Blocks {
		if b.Connection == connection && b.Sender == sender && b.Index == index {
			return b.Content
		}
	}
	return nil
}

// recordedService is the client's end of a recorded connection of a service.
type recordedService struct {
	t      *testing.T
	conn   net.Conn
	record *vectors.Connection
	sealer transport.BlockSealer
	opener transport.BlockOpener
}

// dial shows the relay what the service showed, and expects the recorded third
// message.
func (r *recordedServices) dial(t *testing.T, e *relay.Endpoint, id string) *recordedService {
	t.Helper()
	record, ok := r.Connection(id)
	require.True(t, ok)
	near, far := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- e.ServeConn(context.Background(), recordedConn{far, record}) }()
	t.Cleanup(func() {
		require.NoError(t, near.Close())
		require.NoError(t, <-served)
	})
	readPlain(t, near)
	hello, err := transport.DecodeClientHello(r.block(id, "client", 0))
	require.NoError(t, err)
	fingerprint := e.Fingerprint() // the identity of this relay is another one
	hello.KeyHash = fingerprint[:]
	content, err := hello.Encode()
	require.NoError(t, err)
	writePlain(t, near, content)
	require.Equal(t, r.block(id, "server", 1), readPlain(t, near))
	s := &recordedService{t: t, conn: near, record: record}
	s.sealer, s.opener, err = transport.ClientBlocks(record.DHSecret, record.SessionID)
	require.NoError(t, err)
	return s
}

// send sends the recorded commands and returns the relay's next block.
func (s *recordedService) send(r *recordedServices) []byte {
	s.t.Helper()
	block, err := s.sealer.Seal(nil, r.block(s.record.ID, "client", 1))
	require.NoError(s.t, err)
	_, err = s.conn.Write(block)
	require.NoError(s.t, err)
	return s.read()
}

func (s *recordedService) read() []byte {
	s.t.Helper()
	sealed := make([]byte, smp.BlockSize)
	_, err := io.ReadFull(s.conn, sealed)
	require.NoError(s.t, err)
	content, err := s.opener.Open(sealed)
	require.NoError(s.t, err)
	return bytes.Clone(content)
}

// TestRecordedNotificationService has the relay accept the certificates and verify
// both signatures of an official notification service: NSUB on one connection and
// NSUBS on the next one are answered in the same bytes.
func TestRecordedNotificationService(t *testing.T) {
	t.Parallel()
	r := loadRecordedServices(t)
	e := start(t, r.serve)
	owner := connect(t, e, 18)
	nsub := smp.DecodeCommands(18, nil, r.block("c5", "client", 1))[0].Transmission.EntityID
	r.ids.add(relay.NotifierID, nsub)
	q := owner.newQueue(onlyCreate)
	require.IsType(t, smp.NID{}, owner.recipient(q, smp.NKEY{NotifierKeys: r.notifiers[string(nsub)]}))

	first := r.dial(t, e, "c5")
	require.Equal(t, r.block("c5", "server", 2), first.send(r), "SOK")
	require.Equal(t, smp.OK{}, owner.flagged(q, "m"))
	want := smp.DecodeResponses(18, nil, r.block("c5", "server", 3))
	got := smp.DecodeResponses(18, nil, first.read())
	require.Len(t, got, len(want))
	require.IsType(t, smp.NMSG{}, got[0].Response)
	require.Equal(t, want[0].Transmission.EntityID, got[0].Transmission.EntityID)

	second := r.dial(t, e, "c6")
	require.Equal(t, r.block("c6", "server", 2), second.send(r), "SOKS")
	ends := smp.DecodeResponses(18, nil, first.read())[0]
	require.Equal(t, smp.ENDS{ServiceQueues: smp.ServiceQueues{Count: 1}}, ends.Response)
}

// TestRecordedMessagingService does the same for NEW of a messaging service. SUBS on
// the next connection, which the relay of the recording refused, is served.
func TestRecordedMessagingService(t *testing.T) {
	t.Parallel()
	r := loadRecordedServices(t)
	want := smp.DecodeResponses(18, nil, r.block("c7", "server", 2))[0]
	ids := want.Response.(smp.IDS)
	r.ids.add(relay.RecipientID, ids.RecipientID)
	r.ids.add(relay.SenderID, ids.SenderID)
	e := start(t, r.serve)
	first := r.dial(t, e, "c7")
	got := smp.DecodeResponses(18, nil, first.send(r))[0]
	require.Equal(t, want.Transmission.CorrelationID, got.Transmission.CorrelationID)
	require.Equal(t, timeless(ids), timeless(got.Response))

	second := r.dial(t, e, "c8")
	subs := smp.DecodeResponses(18, nil, second.send(r))[0]
	require.Equal(t, smp.ALLS{}, smp.DecodeResponses(18, nil, second.read())[0].Response)
	require.Equal(t, smp.ENDS{ServiceQueues: smp.ServiceQueues{Count: 1}}, smp.DecodeResponses(18, nil, first.read())[0].Response)
	require.Equal(t, smp.SOKS{ServiceQueues: smp.ServiceQueues{Count: 1}}, subs.Response)
	refused := smp.DecodeResponses(18, nil, r.block("c8", "server", 2))[0]
	require.Equal(t, smp.ERR{Err: smp.ErrCmdProhibited}, refused.Response)
	require.Equal(t, refused.Transmission.CorrelationID, subs.Transmission.CorrelationID)
	require.Equal(t, refused.Transmission.EntityID, subs.Transmission.EntityID)
}
