package client_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// behind is a destination whose keys the test has, behind a fake proxy.
type behind struct {
	t           *testing.T
	credentials keys.Credentials
	key         keys.PrivateKey
}

func newBehind(t *testing.T) *behind {
	t.Helper()
	key, err := keys.Generate(keys.X25519, rand.Reader)
	require.NoError(t, err)
	return &behind{t, newCredentials(t, 2), key}
}

func (b *behind) server() smp.Server {
	fingerprint := b.credentials.Fingerprint()
	return smp.Server{Hosts: []string{"relay.example"}, KeyHash: fingerprint[:]}
}

func (b *behind) pkey() smp.PKEY {
	b.t.Helper()
	signed, err := keys.SignKey(b.key.Public(), b.credentials.Key)
	require.NoError(b.t, err)
	return smp.PKEY{
		SessionID: []byte("session of proxy and destination"),
		Versions:  wire.Versions(8, 20),
		Chain:     b.credentials.Chain,
		SignedKey: signed,
	}
}

// session answers PRXY and returns the session.
func (b *behind) session(c *client.Client, f *fake) *client.ProxySession {
	b.t.Helper()
	var session *client.ProxySession
	done := async(func() (err error) {
		session, err = c.Proxy(b.t.Context(), b.server(), smp.Password("secret"))
		return err
	})
	prxy := f.command()
	require.Equal(b.t, smp.PRXY{Server: b.server(), Password: smp.Password("secret")}, prxy.Command)
	f.send(to(prxy, b.pkey()))
	require.NoError(b.t, <-done)
	return session
}

// open decrypts a PFWD and returns the command, with the key for the answer.
func (b *behind) open(pfwd smp.ReceivedCommand) (smp.ReceivedCommand, box.Key) {
	b.t.Helper()
	command := pfwd.Command.(smp.PFWD)
	key, err := box.Agree(b.key, command.Key)
	require.NoError(b.t, err)
	require.Len(b.t, command.Body, smp.PaddedForwarded+box.Overhead)
	nonce, err := box.NonceFrom(pfwd.Transmission.CorrelationID)
	require.NoError(b.t, err)
	content, err := box.OpenPadded(command.Body, &nonce, &key)
	require.NoError(b.t, err)
	received := smp.DecodeCommands(command.Version, b.pkey().SessionID, content)
	require.Len(b.t, received, 1)
	require.NoError(b.t, received[0].Err)
	require.Equal(b.t, pfwd.Transmission.CorrelationID, received[0].Transmission.CorrelationID)
	return received[0], key
}

// seal encrypts the content of a block as the answer to a PFWD.
func (b *behind) seal(pfwd smp.ReceivedCommand, key box.Key, content []byte) smp.PRES {
	b.t.Helper()
	nonce := smp.CorrelationNonce(pfwd.Transmission.CorrelationID).Reverse()
	body, err := box.SealPadded(nil, content, smp.PaddedForwarded, &nonce, &key)
	require.NoError(b.t, err)
	return smp.PRES{Body: body}
}

func TestProxyHasToProveTheDestination(t *testing.T) {
	b := newBehind(t)
	other := newBehind(t)
	signedBy := func(key keys.PublicKey, by keys.PrivateKey) []byte {
		signed, err := keys.SignKey(key, by)
		require.NoError(t, err)
		return signed
	}
	one, five := newCredentials(t, 1), newCredentials(t, 5)
	ed25519, err := keys.Generate(keys.Ed25519, rand.Reader)
	require.NoError(t, err)
	tests := map[string]struct {
		change func(*smp.PKEY)
		want   error
	}{
		"another identity": {func(p *smp.PKEY) { *p = other.pkey() }, keys.ErrFingerprint},
		"a leaf of its own before the certificate": {func(p *smp.PKEY) {
			p.Chain = [][]byte{other.credentials.Chain[0], p.Chain[1]}
			p.SignedKey = other.pkey().SignedKey
		}, nil},
		"the certificate as its own leaf": {func(p *smp.PKEY) { p.Chain = [][]byte{p.Chain[1], p.Chain[1]} }, keys.ErrSignature},
		"one certificate":                 {func(p *smp.PKEY) { p.Chain = one.Chain }, keys.ErrChainLength},
		"five certificates":               {func(p *smp.PKEY) { p.Chain = five.Chain }, keys.ErrChainLength},
		"a key that another one signed": {func(p *smp.PKEY) {
			p.SignedKey = signedBy(b.key.Public(), other.credentials.Key)
		}, keys.ErrSignature},
		"a key for signatures": {func(p *smp.PKEY) {
			p.SignedKey = signedBy(ed25519.Public(), b.credentials.Key)
		}, keys.ErrAlgorithm},
		"a certificate instead of a key": {func(p *smp.PKEY) { p.SignedKey = p.Chain[0] }, nil},
		"versions before forwarding":     {func(p *smp.PKEY) { p.Versions = wire.Versions(6, 7) }, transport.ErrVersion},
		"versions of the future":         {func(p *smp.PKEY) { p.Versions = wire.Versions(21, 30) }, transport.ErrVersion},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, f := connect(t, 20, client.Config{})
			answer := b.pkey()
			test.change(&answer)
			done := async(func() error {
				_, err := c.Proxy(t.Context(), b.server(), nil)
				return err
			})
			f.send(to(f.command(), answer))
			err := <-done
			requireProxyError(t, err, false, nil)
			if test.want != nil {
				require.ErrorIs(t, err, test.want)
			}
		})
	}
}

func TestProxyUsesTheVersionInCommon(t *testing.T) {
	b := newBehind(t)
	for _, test := range []struct {
		own, answered wire.VersionRange
		want          uint16
	}{
		{wire.VersionRange{}, wire.Versions(8, 30), 20},
		{wire.VersionRange{}, wire.Versions(8, 11), 11},
		{wire.Versions(6, 12), wire.Versions(8, 20), 12},
		{wire.Versions(6, 7), wire.Versions(8, 20), 0},
	} {
		c, f := connect(t, 20, client.Config{Versions: test.own})
		answer := b.pkey()
		answer.Versions = test.answered
		var session *client.ProxySession
		done := async(func() (err error) {
			session, err = c.Proxy(t.Context(), b.server(), nil)
			return err
		})
		f.send(to(f.command(), answer))
		if err := <-done; test.want == 0 {
			require.ErrorIs(t, err, transport.ErrVersion)
			continue
		}
		require.Equal(t, test.want, session.Version())
	}
}

func TestProxyAnswersToPFWD(t *testing.T) {
	b := newBehind(t)
	id := []byte("a sender id of 24 bytes.")
	network := smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerTimeout})
	proxyFails := func(destination bool, answer *smp.Error) func(*testing.T, error) {
		return func(t *testing.T, err error) { requireProxyError(t, err, destination, answer) }
	}
	is := func(want error) func(*testing.T, error) {
		return func(t *testing.T, err error) { require.ErrorIs(t, err, want) }
	}
	// answer makes the answer to a PFWD; inside it is the command in it, inner
	// makes a transmission.
	type answer func(pfwd, inside smp.ReceivedCommand, key box.Key, inner func(outgoing) []byte) smp.Response
	sealed := func(content func(inside smp.ReceivedCommand, inner func(outgoing) []byte) []byte) answer {
		return func(pfwd, inside smp.ReceivedCommand, key box.Key, inner func(outgoing) []byte) smp.Response {
			return b.seal(pfwd, key, content(inside, inner))
		}
	}
	block := func(transmissions ...[]byte) []byte {
		content, err := smp.EncodeBlock(transmissions...)
		require.NoError(t, err)
		return content
	}
	fixed := func(r smp.Response) answer {
		return func(_, _ smp.ReceivedCommand, _ box.Key, _ func(outgoing) []byte) smp.Response { return r }
	}
	tests := map[string]struct {
		answer answer
		check  func(*testing.T, error)
	}{
		"OK": {sealed(func(in smp.ReceivedCommand, inner func(outgoing) []byte) []byte {
			return block(inner(to(in, smp.OK{})))
		}), func(t *testing.T, err error) { require.NoError(t, err) }},
		"an error of the destination": {sealed(func(in smp.ReceivedCommand, inner func(outgoing) []byte) []byte {
			return block(inner(to(in, smp.ERR{Err: smp.ErrQuota})))
		}), is(smp.ErrQuota)},
		"an error without ids": {sealed(func(_ smp.ReceivedCommand, inner func(outgoing) []byte) []byte {
			return block(inner(outgoing{nil, nil, smp.ERR{Err: smp.ErrBlock}}))
		}), is(smp.ErrBlock)},
		"another correlation id": {sealed(func(in smp.ReceivedCommand, inner func(outgoing) []byte) []byte {
			return block(inner(outgoing{make([]byte, 24), id, smp.OK{}}))
		}), is(client.ErrUnexpected)},
		"another entity id": {sealed(func(in smp.ReceivedCommand, inner func(outgoing) []byte) []byte {
			return block(inner(outgoing{in.Transmission.CorrelationID, make([]byte, 24), smp.OK{}}))
		}), is(client.ErrUnexpected)},
		"another response": {sealed(func(in smp.ReceivedCommand, inner func(outgoing) []byte) []byte {
			return block(inner(to(in, smp.SOK{})))
		}), is(client.ErrUnexpected)},
		"two responses": {sealed(func(in smp.ReceivedCommand, inner func(outgoing) []byte) []byte {
			return block(inner(to(in, smp.OK{})), inner(to(in, smp.OK{})))
		}), is(client.ErrUnexpected)},
		"no block": {sealed(func(smp.ReceivedCommand, func(outgoing) []byte) []byte { return []byte{0} }), is(client.ErrSyntax)},
		"a bare transmission": {sealed(func(in smp.ReceivedCommand, inner func(outgoing) []byte) []byte {
			return inner(to(in, smp.OK{}))
		}), is(client.ErrSyntax)},

		"the command itself": {func(pfwd, _ smp.ReceivedCommand, _ box.Key, _ func(outgoing) []byte) smp.Response {
			return smp.PRES{Body: bytes.Clone(pfwd.Command.(smp.PFWD).Body)}
		}, is(box.ErrOpen)},
		"the nonce of the command": {func(pfwd, in smp.ReceivedCommand, key box.Key, inner func(outgoing) []byte) smp.Response {
			nonce := smp.CorrelationNonce(pfwd.Transmission.CorrelationID)
			body, err := box.SealPadded(nil, block(inner(to(in, smp.OK{}))), smp.PaddedForwarded, &nonce, &key)
			require.NoError(t, err)
			return smp.PRES{Body: body}
		}, is(box.ErrOpen)},
		"nothing":                 {fixed(smp.PRES{}), is(box.ErrOpen)},
		"no session":              {fixed(smp.ERR{Err: smp.ErrProxyNoSession}), is(client.ErrProxySession)},
		"no session, as an error": {fixed(smp.ERR{Err: smp.ErrProxyNoSession}), proxyFails(false, smp.ErrProxyNoSession)},
		"AUTH of the proxy":       {fixed(smp.ERR{Err: smp.ErrAuth}), proxyFails(false, smp.ErrAuth)},
		"the destination is slow": {fixed(smp.ERR{Err: network}), proxyFails(true, network)},
		"the destination refuses": {fixed(smp.ERR{Err: smp.ProxyProtocolError(smp.ErrAuth)}), proxyFails(true, smp.ProxyProtocolError(smp.ErrAuth))},
		"OK of the proxy":         {fixed(smp.OK{}), proxyFails(false, nil)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, f := connect(t, 20, client.Config{})
			session := b.session(c, f)
			done := async(func() error {
				return session.SendMessage(t.Context(), client.SenderQueue{SenderID: id}, false, []byte("x"))
			})
			pfwd := f.command()
			require.Equal(t, session.SessionID(), pfwd.Transmission.EntityID)
			in, key := b.open(pfwd)
			require.Equal(t, smp.SEND{Body: []byte("x")}, in.Command)
			require.Equal(t, id, in.Transmission.EntityID)
			f.send(to(pfwd, test.answer(pfwd, in, key, f.encode)))
			test.check(t, <-done)
			require.NoError(t, c.Err(), "the connection goes on")
		})
	}
}

// The authorization covers the session of proxy and destination, and is made
// with the session key of the destination.
func TestProxyAuthorizesForTheDestination(t *testing.T) {
	t.Parallel()
	b := newBehind(t)
	c, f := connect(t, 20, client.Config{})
	session := b.session(c, f)
	for _, alg := range []keys.Algorithm{keys.Ed25519, keys.Ed448, keys.X25519} {
		q := someQueue(t, alg)
		for _, verifier := range []smp.Verifier{
			{SessionID: session.SessionID(), SessionKey: b.key},
			{SessionID: c.SessionID(), SessionKey: b.key},
		} {
			done := async(func() error { return session.SecureBySender(t.Context(), q.Sender(q.Key)) })
			pfwd := f.command()
			in, key := b.open(pfwd)
			ofDestination := bytes.Equal(verifier.SessionID, session.SessionID())
			require.Equal(t, ofDestination, verifier.Verify(&in.Transmission, q.Key.Public()))
			content, err := smp.EncodeBlock(f.encode(to(in, smp.OK{})))
			require.NoError(t, err)
			f.send(to(pfwd, b.seal(pfwd, key, content)))
			require.NoError(t, <-done)
		}
	}
}

func TestProxyThatDoesNotAnswer(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := newBehind(t)
		c, f := connect(t, 20, client.Config{})
		session := b.session(c, f)
		send := func() error {
			return session.SendMessage(t.Context(), client.SenderQueue{SenderID: make([]byte, 24)}, false, nil)
		}
		done := async(send)
		f.command()
		err := <-done
		requireProxyError(t, err, false, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, f.conn.Abort())
		<-c.Done()
		err = send()
		requireProxyError(t, err, false, nil)
		require.ErrorIs(t, err, client.ErrLost)
	})
}

func TestProxiedCommandThatDoesNotFit(t *testing.T) {
	t.Parallel()
	b := newBehind(t)
	c, f := connect(t, 20, client.Config{})
	session := b.session(c, f)
	q := client.SenderQueue{SenderID: make([]byte, 24)}
	err := session.SendMessage(t.Context(), q, false, make([]byte, smp.PaddedForwarded))
	require.ErrorIs(t, err, client.ErrTooLarge)
	err = session.SendMessage(t.Context(), q, false, make([]byte, 1<<17))
	require.Error(t, err)
	require.NotErrorAs(t, err, new(*smp.Error))
}
