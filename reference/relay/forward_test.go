package relay_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// proxied is a client behind a proxy, whose connection to the relay is c.
type proxied struct {
	*client
	t       require.TestingT
	version uint16
}

// writeRFWD sends RFWD with the given content and returns its nonce.
func (p *proxied) writeRFWD(content []byte) (nonce box.Nonce, secret box.Key) {
	secret, err := box.DeriveKey(p.conn.Secret())
	require.NoError(p.t, err)
	nonce = smp.CorrelationNonce(newID())
	command, err := smp.EncodeCommand(p.conn.Version(), smp.RFWD{Body: box.Seal(nil, content, &nonce, &secret)})
	require.NoError(p.t, err)
	p.write(p.encode(smp.Transmission{CorrelationID: nonce[:], Command: command}))
	return nonce, secret
}

// rfwd sends RFWD with the given content and returns the decrypted content of
// RRES, or the other response.
func (p *proxied) rfwd(content []byte) ([]byte, smp.Response) {
	nonce, secret := p.writeRFWD(content)
	got := p.next()
	require.Equal(p.t, nonce[:], got.Transmission.CorrelationID)
	require.Empty(p.t, got.Transmission.EntityID)
	answer, ok := got.Response.(smp.RRES)
	if !ok {
		return nil, got.Response
	}
	nonce = nonce.Reverse()
	opened, err := box.Open(nil, answer.Body, &nonce, &secret)
	require.NoError(p.t, err)
	return opened, nil
}

// seal encrypts the content of a block for the relay and returns what the proxy
// forwards, with the key of the command.
func (p *proxied) seal(correlationID, content []byte) (forwarded []byte, key box.Key) {
	ephemeral, err := keys.NewPrivate(keys.X25519, append(newID(), make([]byte, 8)...))
	require.NoError(p.t, err)
	key, err = box.Agree(ephemeral, p.conn.PeerKey())
	require.NoError(p.t, err)
	nonce := smp.CorrelationNonce(correlationID)
	body, err := box.SealPadded(nil, content, smp.PaddedForwarded, &nonce, &key)
	require.NoError(p.t, err)
	forwarded, err = smp.ForwardedCommand{
		CorrelationID: correlationID, Version: p.version, Key: ephemeral.Public(), Body: body,
	}.Encode()
	require.NoError(p.t, err)
	return forwarded, key
}

// forward sends the content of a block to the relay and returns that of the
// answer, or what the relay answers to the proxy.
func (p *proxied) forward(correlationID, content []byte) ([]byte, smp.Response) {
	forwarded, key := p.seal(correlationID, content)
	opened, other := p.rfwd(forwarded)
	if other != nil {
		return nil, other
	}
	f, err := smp.DecodeForwardedResponse(opened)
	require.NoError(p.t, err)
	require.Equal(p.t, correlationID, f.CorrelationID)
	require.Len(p.t, f.Body, smp.PaddedForwarded+box.Overhead)
	nonce := smp.CorrelationNonce(correlationID).Reverse()
	answer, err := box.OpenPadded(f.Body, &nonce, &key)
	require.NoError(p.t, err)
	return answer, nil
}

// inner makes a transmission as a client behind a proxy does.
func (p *proxied) inner(key keys.PrivateKey, entity []byte, command smp.Command) *smp.Transmission {
	t, err := smp.CommandTransmission(max(p.version, 7), nil, newID(), entity, command)
	require.NoError(p.t, err)
	if !key.IsZero() {
		a, err := smp.NewAuthorizer(key, p.conn.PeerKey())
		require.NoError(p.t, err)
		require.NoError(p.t, t.Authorize(p.conn.SessionID(), a))
	}
	return t
}

// do sends one command and returns its answer.
func (p *proxied) do(key keys.PrivateKey, entity []byte, command smp.Command) smp.Response {
	t := p.inner(key, entity, command)
	content, err := t.AppendBlock(nil, max(p.version, 7))
	require.NoError(p.t, err)
	answer, other := p.forward(t.CorrelationID, content)
	require.Nil(p.t, other, "%v", other)
	received := smp.DecodeResponses(max(p.version, 7), nil, answer)
	require.Len(p.t, received, 1)
	require.NoError(p.t, received[0].Err)
	require.Equal(p.t, t.CorrelationID, received[0].Transmission.CorrelationID)
	require.Equal(p.t, string(entity), string(received[0].Transmission.EntityID))
	return received[0].Response
}

// behind is a client of the given version behind a proxy.
func behind(t testing.TB, e *relay.Endpoint, proxyVersion, version uint16) *proxied {
	t.Helper()
	c := connectWith(t, e, transport.ClientConfig{Versions: wire.Versions(6, proxyVersion), Proxy: true})
	return &proxied{client: c, t: t, version: version}
}

// Form and limits are those of the version that the client chose.
func TestVersionOfForwardedCommands(t *testing.T) {
	t.Parallel()
	e := start(t)
	recipient := connect(t, e, 20)
	for _, proxy := range []uint16{8, 20} {
		for _, version := range []uint16{0, 6, 8, 10, 11, 15, 16, 20, 21, 99} {
			p := behind(t, e, proxy, version)
			for _, alg := range []keys.Algorithm{keys.Ed25519, keys.Ed448, keys.X25519} {
				q := recipient.newQueue(messaging, onlyCreate)
				key := newKey(t, alg)
				skey := smp.SKEY{SenderKey: key.Public()}
				require.Equal(t, refused(smp.ErrAuth), p.do(newKey(t, alg), q.sndID, skey))
				require.Equal(t, smp.OK{}, p.do(key, q.sndID, skey))
				require.Equal(t, refused(smp.ErrAuth), p.do(noKey, q.sndID, smp.SEND{}))
				require.Equal(t, smp.OK{}, p.do(key, q.sndID, smp.SEND{Body: []byte("hello")}))
				if alg == keys.Ed448 || version < smp.VersionProxy {
					continue // with which the largest message does not fit
				}
				largest := make([]byte, smp.MaxMessageLength(version))
				require.Equal(t, smp.OK{}, p.do(key, q.sndID, smp.SEND{Body: largest}))
				answer := p.do(key, q.sndID, smp.SEND{Body: append(largest, 0)})
				require.Equal(t, refused(smp.ErrLargeMsg), answer, "proxy %d, client %d", proxy, version)
			}
		}
	}
}

func TestForwardedLinks(t *testing.T) {
	t.Parallel()
	e := start(t)
	recipient, p := connect(t, e, 20), behind(t, e, 20, 20)
	data := smp.LinkData{Fixed: make([]byte, 2000), User: make([]byte, 13000)}
	open, secret := recipient.newQueue(contact), recipient.newQueue(messaging)
	id, invitation := newID(), newID()
	require.Equal(t, smp.OK{}, recipient.recipient(open, smp.LSET{LinkID: id, Data: data}))
	require.Equal(t, smp.OK{}, recipient.recipient(secret, smp.LSET{LinkID: invitation, Data: data}))
	require.Equal(t, smp.LNK{SenderID: open.sndID, Data: data}, p.do(noKey, id, smp.LGET{}))
	key := newKey(t, keys.Ed25519)
	lkey := smp.LKEY{SenderKey: key.Public()}
	require.Equal(t, smp.LNK{SenderID: secret.sndID, Data: data}, p.do(key, invitation, lkey))
	require.Equal(t, smp.OK{}, p.do(key, secret.sndID, smp.SEND{Body: []byte("hello")}))
	secret.expect(recipient.event(secret.rcvID), "hello")
}

func TestForwardedCommandsThatAreRefused(t *testing.T) {
	t.Parallel()
	e := start(t)
	recipient, p := connect(t, e, 20), behind(t, e, 20, 20)
	q := recipient.newQueue()
	for _, command := range []smp.Command{
		smp.SUB{}, smp.GET{}, smp.ACK{}, smp.OFF{}, smp.DEL{}, smp.QUE{}, smp.KEY{SenderKey: q.rcvKey.Public()}, smp.NDEL{}, smp.LDEL{}, smp.NSUB{},
	} {
		require.Equal(t, refused(smp.ErrCmdProhibited), p.do(q.rcvKey, q.rcvID, command), command.Tag())
	}
	create := smp.NEW{AuthKey: q.rcvKey.Public(), DHKey: newKey(t, keys.X25519).Public()}
	require.Equal(t, refused(smp.ErrCmdProhibited), p.do(q.rcvKey, nil, create))
	for _, command := range []smp.Command{smp.PING{}, smp.RFWD{Body: make([]byte, 100)}, smp.PRXY{Server: at(t, e)}} {
		require.Equal(t, refused(smp.ErrCmdProhibited), p.do(noKey, nil, command), command.Tag())
	}
	require.Equal(t, refused(smp.ErrNameNoResolver), p.do(noKey, nil, smp.RSLV{Domain: "relay.simplex"}))
	require.Equal(t, refused(smp.ErrCmdHasAuth), p.do(q.rcvKey, q.sndID, smp.LGET{}))
	require.Equal(t, refused(smp.ErrCmdNoEntity), p.do(noKey, nil, smp.SEND{}))
	require.Equal(t, refused(smp.ErrAuth), p.do(noKey, newID(), smp.SEND{}))
	require.Equal(t, 1, e.Queues())

	direct := behind(t, e, 20, 20)
	stolen := p.inner(newKey(t, keys.Ed25519), q.sndID, smp.SEND{})
	content, err := stolen.AppendBlock(nil, 20)
	require.NoError(t, err)
	answer, other := direct.forward(stolen.CorrelationID, content)
	require.Nil(t, other)
	require.Equal(t, refused(smp.ErrAuth), smp.DecodeResponses(20, nil, answer)[0].Response, "authorized for another session")
}

func TestMalformedForwards(t *testing.T) {
	t.Parallel()
	e := start(t)
	q := connect(t, e, 20).newQueue()
	p := behind(t, e, 20, 20)
	_, answer := p.rfwd(nil)
	require.Equal(t, refused(smp.ErrCmdSyntax), answer)
	_, answer = p.rfwd([]byte{24})
	require.Equal(t, refused(smp.ErrCmdSyntax), answer)
	f := smp.ForwardedCommand{CorrelationID: newID(), Version: 20, Key: newKey(t, keys.X25519).Public(), Body: make([]byte, 1000)}
	content, err := f.Encode()
	require.NoError(t, err)
	_, answer = p.rfwd(content)
	require.Equal(t, refused(smp.ErrCrypto), answer)
	low, err := keys.NewPublic(keys.X25519, make([]byte, 32))
	require.NoError(t, err)
	f.Key = low
	content, err = f.Encode()
	require.NoError(t, err)
	_, answer = p.rfwd(content)
	require.Equal(t, refused(smp.ErrCrypto), answer, "a key of low order")

	command, err := p.inner(noKey, q.sndID, smp.SEND{}).Encode(20)
	require.NoError(t, err)
	for range 3 {
		two, err := smp.EncodeBlock(command, command)
		require.NoError(t, err)
		_, answer = p.forward(newID(), two)
		require.Equal(t, refused(smp.ErrBlock), answer, "two commands")
	}
	for _, content := range [][]byte{nil, {0}, {1, 0, 9}, command} {
		inside, other := p.forward(newID(), content)
		require.Nil(t, other)
		received := smp.DecodeResponses(20, nil, inside)[0]
		require.Equal(t, refused(smp.ErrBlock), received.Response)
		require.Empty(t, received.Transmission.CorrelationID)
	}
	p.quiet()
}

// RFWD needs a secret of the two hellos and nothing else.
func TestForwardsOfOtherClients(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := connectWith(t, e, transport.ClientConfig{NoKey: true})
	require.Equal(t, brokenTransport(smp.TransportNoAuth), c.do(noKey, nil, smp.RFWD{Body: make([]byte, 100)}))
	require.Equal(t, brokenTransport(smp.TransportNoAuth), connect(t, e, 6).do(noKey, nil, smp.RFWD{Body: make([]byte, 100)}))

	recipient := connect(t, e, 20)
	q := recipient.newQueue(contact)
	p := &proxied{client: connect(t, e, 20), t: t, version: 20}
	require.Equal(t, smp.OK{}, p.do(noKey, q.sndID, smp.SEND{Body: []byte("hello")}))
	q.expect(recipient.event(q.rcvID), "hello")
	require.Equal(t, smp.OK{}, p.send(q, "directly"), "the session is as before")
}

// Forwarded commands go through the same stages as others, and a stage that does
// not answer is not answered.
func TestStagesOfForwardedCommands(t *testing.T) {
	t.Parallel()
	var versions []uint16
	e := start(t, func(c *relay.Config) {
		authorise := relay.DefaultStages().Authorise
		c.Stages.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			versions = append(versions, s.Version())
			return authorise(s, r)
		}
		execute := relay.DefaultStages().Execute
		c.Stages.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			if _, ok := r.Command.(smp.RSLV); ok {
				return nil
			}
			return execute(s, r)
		}
	})
	p := behind(t, e, 20, 9)
	require.Equal(t, refused(smp.ErrAuth), p.do(noKey, newID(), smp.SEND{}))
	require.Equal(t, []uint16{20, 9}, versions)

	content, err := p.inner(noKey, nil, smp.RSLV{Domain: "relay.simplex"}).AppendBlock(nil, 9)
	require.NoError(t, err)
	forwarded, _ := p.seal(newID(), content)
	p.writeRFWD(forwarded)
	p.quiet()
}

// Whatever is forwarded, the answer has one size and the proxy cannot tell
// success from failure.
func TestPropertyForwardedAnswersHaveOneSize(t *testing.T) {
	e := start(t)
	recipient := connect(t, e, 20)
	q := recipient.newQueue(contact, onlyCreate)
	p := behind(t, e, 20, 20)
	rapid.Check(t, func(t *rapid.T) {
		p := &proxied{client: p.client, t: t, version: rapid.Uint16Range(0, 30).Draw(t, "version")}
		entity := rapid.SampledFrom([][]byte{q.sndID, q.rcvID, nil, []byte("x")}).Draw(t, "entity")
		command := rapid.SampledFrom([]smp.Command{smp.SEND{Body: []byte("x")}, smp.LGET{}, smp.PING{}, smp.OFF{}, nil}).Draw(t, "command")
		if command != nil {
			p.do(noKey, entity, command) // which checks the size
			return
		}
		garbage := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "content")
		if len(garbage) == 0 || garbage[0] < 2 {
			_, other := p.forward(newID(), garbage)
			require.Nil(t, other)
		}
	})
}
