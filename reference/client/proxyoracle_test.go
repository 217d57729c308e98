package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// recorded are the parts of a forwarded command in a recording.
type recorded struct {
	pfwd, rfwd smp.ReceivedCommand
	rfwdBlock  []byte
	pres       smp.ReceivedResponse
	rresBlock  []byte
}

// transmissions returns what a block holds, as a relay and as a client read it.
func transmissions(t *testing.T, r *vectors.Recording, b *vectors.Block) (smp.ReceivedCommand, smp.ReceivedResponse) {
	t.Helper()
	conn, ok := r.Connection(b.Connection)
	require.True(t, ok)
	return smp.DecodeCommands(conn.Version, conn.SessionID, b.Content)[0],
		smp.DecodeResponses(conn.Version, conn.SessionID, b.Content)[0]
}

// recordedForwards returns the forwarded commands on a connection between proxy
// and destination, in their order.
func recordedForwards(t *testing.T, r *vectors.Recording, conn *vectors.Connection) []*recorded {
	t.Helper()
	secret, err := box.DeriveKey(conn.DHSecret)
	require.NoError(t, err)
	byProxy, byClient := make(map[string]*recorded), make(map[string]*recorded)
	var all []*recorded
	for i := range r.Blocks {
		b := &r.Blocks[i]
		if b.Index == 0 {
			continue
		}
		command, response := transmissions(t, r, b)
		id := command.Transmission.CorrelationID
		switch command.Command.(type) {
		case smp.PFWD:
			if bytes.Equal(command.Transmission.EntityID, conn.SessionID) {
				made := &recorded{pfwd: command}
				byClient[string(id)] = made
				all = append(all, made)
			}
		case smp.RFWD:
			if b.Connection == conn.ID {
				nonce := smp.CorrelationNonce(command.Transmission.CorrelationID)
				content, err := box.Open(nil, command.Command.(smp.RFWD).Body, &nonce, &secret)
				require.NoError(t, err)
				forwarded, err := smp.DecodeForwardedCommand(content)
				require.NoError(t, err)
				found := byClient[string(forwarded.CorrelationID)]
				found.rfwd, found.rfwdBlock = command, b.Content
				byProxy[string(id)] = found
			}
		}
		id = response.Transmission.CorrelationID
		switch response.Response.(type) {
		case smp.RRES:
			if b.Connection == conn.ID {
				found := byProxy[string(id)]
				found.rresBlock = b.Content
			}
		case smp.PRES:
			if found := byClient[string(id)]; found != nil {
				found.pres = response
			}
		}
	}
	return all
}

// recordedBlock returns the content of a block.
func recordedBlock(t *testing.T, r *vectors.Recording, connection, sender string, index int) []byte {
	t.Helper()
	for i := range r.Blocks {
		if b := &r.Blocks[i]; b.Connection == connection && b.Sender == sender && b.Index == index {
			return b.Content
		}
	}
	require.FailNow(t, "no such block")
	return nil
}

// TestOfficialProxyRecording is the proxy of a recording of official programs:
// it has the keys, session identifiers and nonces of theirs, gets the blocks that
// the destination sent, and has to send the same bytes.
func TestOfficialProxyRecording(t *testing.T) {
	t.Parallel()
	r, err := vectors.LoadRecording("proxy-v18")
	require.NoError(t, err)
	forwards := 0
	for i := range r.Connections {
		if conn := &r.Connections[i]; conn.ClientIsProxy {
			forwards += playProxy(t, r, conn)
		}
	}
	require.Equal(t, 10, forwards)
}

func playProxy(t *testing.T, r *vectors.Recording, conn *vectors.Connection) int {
	t.Helper()
	all := recordedForwards(t, r, conn)
	var nonces bytes.Buffer
	for _, f := range all {
		nonces.Write(f.rfwd.Transmission.CorrelationID)
	}
	near, far := net.Pipe()
	hello := recordedBlock(t, r, conn.ID, "server", 0)
	greeted := async(func() error {
		if err := writeBlock(far, hello); err != nil {
			return err
		}
		return expectBlock(t, far, recordedBlock(t, r, conn.ID, "client", 0))
	})
	c, err := client.New(recordedProxy(t, near, conn, hello),
		client.Config{Rand: &nonces, KeepAlive: client.NoKeepAlive, CommandTimeout: patience})
	require.NoError(t, err)
	require.NoError(t, <-greeted)
	defer func() {
		require.NoError(t, far.Close())
		require.NoError(t, c.Close())
	}()
	for _, f := range all {
		answered := async(func() error {
			if err := expectBlock(t, far, f.rfwdBlock); err != nil {
				return err
			}
			return writeBlock(far, f.rresBlock)
		})
		pfwd := f.pfwd.Command.(smp.PFWD)
		body, err := c.Forward(t.Context(), smp.ForwardedCommand{
			CorrelationID: f.pfwd.Transmission.CorrelationID,
			Version:       pfwd.Version,
			Key:           pfwd.Key,
			Body:          pfwd.Body,
		})
		require.NoError(t, err)
		require.NoError(t, <-answered)
		require.Equal(t, f.pres.Response, smp.PRES{Body: body})
	}
	return len(all)
}

// recordedProxy does the handshake of a recorded proxy, whose relay is at the
// other end of near.
func recordedProxy(t *testing.T, near net.Conn, conn *vectors.Connection, hello []byte) *transport.Conn {
	t.Helper()
	key, err := keys.ParsePrivate(conn.ClientPrivateDER)
	require.NoError(t, err)
	server, err := transport.DecodeServerHello(hello)
	require.NoError(t, err)
	fingerprint := keys.FingerprintOf(server.Chain[1])
	binding := transport.Binding{SessionID: conn.SessionID, PeerChain: server.Chain, ALPN: transport.Protocol}
	made, err := transport.ClientHandshake(t.Context(), near, binding, transport.ClientConfig{
		KeyHash:  fingerprint[:],
		Versions: wire.Versions(8, conn.Version),
		Key:      key,
		Proxy:    true,
	})
	require.NoError(t, err)
	require.Equal(t, []byte(conn.DHSecret), made.Secret())
	return made
}

// writeBlock writes a block that is not encrypted.
func writeBlock(w io.Writer, content []byte) error {
	padded, err := wire.Pad(nil, content, smp.BlockSize)
	if err != nil {
		return err
	}
	_, err = w.Write(padded)
	return err
}

// expectBlock reads a block that is not encrypted.
func expectBlock(t *testing.T, r io.Reader, want []byte) error {
	block := make([]byte, smp.BlockSize)
	if _, err := io.ReadFull(r, block); err != nil {
		return err
	}
	got, err := wire.Unpad(block)
	if err == nil && !bytes.Equal(got, want) {
		t.Errorf("block differs from the recorded one:\n%x\n%x", got[:100], want[:100])
	}
	return err
}

// TestOfficialPKEY takes the sessions that official clients got.
func TestOfficialPKEY(t *testing.T) {
	t.Parallel()
	r, err := vectors.LoadRecording("proxy-v18")
	require.NoError(t, err)
	var server smp.Server
	sessions := 0
	for i := range r.Blocks {
		b := &r.Blocks[i]
		if b.Index == 0 {
			continue
		}
		command, response := transmissions(t, r, b)
		if prxy, ok := command.Command.(smp.PRXY); ok {
			server = prxy.Server
		}
		pkey, ok := response.Response.(smp.PKEY)
		if !ok {
			continue
		}
		sessions++
		c, f := connect(t, 18, client.Config{})
		var session *client.ProxySession
		done := async(func() (err error) {
			session, err = c.Proxy(t.Context(), server, nil)
			return err
		})
		prxy := f.command()
		require.Equal(t, server, prxy.Command.(smp.PRXY).Server)
		f.send(to(prxy, pkey))
		require.NoError(t, <-done)
		require.Equal(t, uint16(17), session.Version(), "the cap of that release")
		require.Equal(t, pkey.SessionID, session.SessionID())
	}
	require.Equal(t, 2, sessions)
}

// TestProxyVectors sends commands with the keys and nonces of the official
// implementation and has to send the same bytes.
func TestProxyVectors(t *testing.T) {
	f, err := vectors.Load("message_layers")
	require.NoError(t, err)
	ran := 0
	for g, v := range f.All() {
		if g.Name == "proxy" {
			ran++
			t.Run(v.ID, func(t *testing.T) { proxyVector(t, v) })
		}
	}
	require.Positive(t, ran)
}

func proxyVector(t *testing.T, v *vectors.Test) {
	t.Parallel()
	var in struct {
		CommandKey      vectors.Key  `json:"client_command_key"`
		CorrelationID   vectors.Hex  `json:"client_correlation_id"`
		Command         vectors.Hex  `json:"command"`
		EntityID        vectors.Hex  `json:"entity_id"`
		RelaySessionID  vectors.Hex  `json:"relay_session_id"`
		RelaySessionKey vectors.Key  `json:"relay_session_key"`
		Response        vectors.Hex  `json:"response"`
		SenderKey       *vectors.Key `json:"sender_auth_key"`
		Version         uint16       `json:"version"`
	}
	var want struct {
		EncTransmission vectors.Hex `json:"enc_transmission"`
		EncResponse     vectors.Hex `json:"enc_response"`
	}
	require.NoError(t, json.Unmarshal(v.Inputs, &in))
	require.NoError(t, json.Unmarshal(v.Output, &want))
	private := func(k vectors.Key) keys.PrivateKey {
		key, err := keys.ParsePrivate(k.PrivateDER)
		require.NoError(t, err)
		return key
	}
	var sender keys.PrivateKey
	if in.SenderKey != nil {
		sender = private(*in.SenderKey)
	}
	command, err := smp.DecodeCommand(in.Version, in.Command)
	require.NoError(t, err)
	expected, err := smp.DecodeResponse(in.Version, in.Response)
	require.NoError(t, err)

	// PRXY takes a correlation id, the command its own and a key, PFWD none.
	random := bytes.NewBuffer(make([]byte, box.NonceSize))
	random.Write(in.CorrelationID)
	random.Write(private(in.CommandKey).Raw())
	c, proxy := connect(t, 20, client.Config{Rand: io.MultiReader(random), Versions: wire.Versions(8, in.Version)})
	b := newBehind(t)
	b.key = private(in.RelaySessionKey)
	answer := b.pkey()
	answer.SessionID = in.RelaySessionID
	var session *client.ProxySession
	done := async(func() (err error) {
		session, err = c.Proxy(context.Background(), b.server(), nil)
		return err
	})
	proxy.send(to(proxy.command(), answer))
	require.NoError(t, <-done)
	var response smp.Response
	done = async(func() (err error) {
		response, err = session.Do(context.Background(), in.EntityID, sender, command)
		return err
	})
	pfwd := proxy.command()
	require.Equal(t, []byte(in.CorrelationID), pfwd.Transmission.CorrelationID)
	require.Equal(t, smp.PFWD{
		Version: in.Version,
		Key:     private(in.CommandKey).Public(),
		Body:    want.EncTransmission,
	}, pfwd.Command)
	proxy.send(to(pfwd, smp.PRES{Body: want.EncResponse}))
	if failure, ok := expected.(smp.ERR); ok {
		require.ErrorIs(t, <-done, failure.Err)
		return
	}
	require.NoError(t, <-done)
	require.Equal(t, expected, response)
}
