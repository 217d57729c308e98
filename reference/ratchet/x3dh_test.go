package ratchet_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
)

// What a side answers of the KEM. Agent protocol, "End-to-end encryption", first
// table: invitation and confirmation.
func TestReplyTable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version      uint16
		offered, own bool
		want         string // of the reply
	}{
		{3, false, false, "none"}, {3, false, true, "proposed"},
		{3, true, false, "none"}, {3, true, true, "accepted"},
		{2, true, true, "none"}, {2, false, true, "none"},
	} {
		initiator, err := ratchet.Propose(pooledSource(1), c.version, c.offered)
		require.NoError(t, err)
		offer := initiator.Public(c.version)
		require.Equal(t, c.offered && c.version == 3, offer.KEM != nil)
		joiner, err := ratchet.Reply(pooledSource(2), offer, c.own)
		require.NoError(t, err)
		reply := joiner.Public(c.version)
		got := "none"
		if reply.KEM != nil {
			got = map[bool]string{false: "proposed", true: "accepted"}[reply.KEM.Accepted()]
		}
		require.Equal(t, c.want, got, c)

		a, err := ratchet.X3DHSender(joiner, offer)
		require.NoError(t, err)
		b, err := ratchet.X3DHReceiver(initiator, reply)
		require.NoError(t, err)
		require.True(t, a.RootKey == b.RootKey && a.HeaderKey == b.HeaderKey && a.NextHeaderKey == b.NextHeaderKey)
		require.Equal(t, a.AssociatedData, b.AssociatedData)
		require.Equal(t, [][]byte{a.DH1, a.DH2, a.DH3}, [][]byte{b.DH1, b.DH2, b.DH3})
	}
}

func TestX3DHRefused(t *testing.T) {
	t.Parallel()
	source := pooledSource(1)
	plain, err := ratchet.Propose(source, 3, false)
	require.NoError(t, err)
	proposing, err := ratchet.Propose(source, 3, true)
	require.NoError(t, err)
	accepting, err := ratchet.Reply(source, proposing.Public(3), true)
	require.NoError(t, err)
	require.NotNil(t, accepting.KEM.Accepted)
	other, err := ratchet.Propose(source, 3, true)
	require.NoError(t, err)
	if string(other.KEM.Self.Public) == string(proposing.KEM.Self.Public) {
		other.KEM.Self.Public = append([]byte{1}, other.KEM.Self.Public[1:]...)
	}
	lowOrder := plain.Public(3)
	lowOrder.Key1, err = keys.NewPublic(keys.X448, make([]byte, 56))
	require.NoError(t, err)
	wrongKey := plain.Public(3)
	wrongKey.Key2 = someKey(t, keys.X25519)
	noKey := plain
	noKey.Key1 = keys.PrivateKey{}

	send := func(own ratchet.PrivateParameters, peer ratchet.Parameters) error {
		_, err := ratchet.X3DHSender(own, peer)
		_, err2 := ratchet.InitSender(source, own, peer, ratchet.MaxVersion)
		require.Equal(t, errors.Is(err, ratchet.ErrKEMState), errors.Is(err2, ratchet.ErrKEMState))
		require.Error(t, err2)
		return err
	}
	receive := func(own ratchet.PrivateParameters, peer ratchet.Parameters) error {
		_, err := ratchet.X3DHReceiver(own, peer)
		_, err2 := ratchet.InitReceiver(own, peer, ratchet.MaxVersion, true)
		require.Error(t, err2)
		return err
	}
	for _, run := range []func(ratchet.PrivateParameters, ratchet.Parameters) error{send, receive} {
		for _, version := range []uint16{0, 1, 4} {
			require.ErrorIs(t, run(plain, plain.Public(version)), ratchet.ErrVersion)
		}
		require.ErrorIs(t, run(plain, lowOrder), keys.ErrLowOrder)
		require.ErrorIs(t, run(plain, wrongKey), ratchet.ErrParameters)
		require.ErrorIs(t, run(noKey, plain.Public(3)), ratchet.ErrParameters)
	}
	require.ErrorIs(t, send(accepting, plain.Public(3)), ratchet.ErrKEMState, "nothing was proposed")
	require.ErrorIs(t, send(accepting, other.Public(3)), ratchet.ErrKEMState, "another key was proposed")
	require.ErrorIs(t, send(plain, accepting.Public(3)), ratchet.ErrKEMState, "an invitation cannot accept")
	require.ErrorIs(t, receive(plain, accepting.Public(3)), ratchet.ErrKEMState, "nothing was proposed")
	require.ErrorIs(t, receive(accepting, plain.Public(3)), ratchet.ErrKEMState, "the initiating side cannot accept")
	_, err = ratchet.Reply(source, accepting.Public(3), true)
	require.ErrorIs(t, err, ratchet.ErrKEMState)

	_, err = ratchet.InitSender(source, plain, plain.Public(3), 2)
	require.ErrorIs(t, err, ratchet.ErrVersion, "a highest version below the agreed one")
	_, err = ratchet.InitReceiver(plain, plain.Public(3), 4, false)
	require.ErrorIs(t, err, ratchet.ErrVersion)
}

// A ciphertext for another key gives another secret: the first message does not
// open, and nothing else tells.
func TestX3DHImplicitRejection(t *testing.T) {
	t.Parallel()
	source := pooledSource(1)
	initiator, err := ratchet.Propose(source, 3, true)
	require.NoError(t, err)
	joiner, err := ratchet.Reply(source, initiator.Public(3), true)
	require.NoError(t, err)
	x, err := ratchet.InitSender(source, joiner, initiator.Public(3), 3)
	require.NoError(t, err)
	reply := joiner.Public(3)
	reply.KEM.Ciphertext = append([]byte{reply.KEM.Ciphertext[0] ^ 1}, reply.KEM.Ciphertext[1:]...)
	y, err := ratchet.InitReceiver(initiator, reply, 3, true)
	require.NoError(t, err)
	require.ErrorIs(t, refused(t, y, encrypt(t, &x, "", ratchet.Options{})), ratchet.ErrHeader)
}

// A source of randomness that ends is reported, and nothing comes of it.
func TestRandomnessFails(t *testing.T) {
	t.Parallel()
	empty := ratchet.NewKeys(noRandomness{})
	plain, err := ratchet.Propose(pooledSource(1), 3, true)
	require.NoError(t, err)
	_, err = ratchet.Propose(empty, 3, true)
	require.ErrorIs(t, err, errNoRandomness)
	_, err = ratchet.Reply(empty, plain.Public(3), true)
	require.ErrorIs(t, err, errNoRandomness)
	_, err = ratchet.InitSender(empty, plain, plain.Public(3), 3)
	require.ErrorIs(t, err, errNoRandomness)
	for _, o := range []setup{plainV3, pqAgreed} {
		x, y := o.pair(t, source(1))
		_, next, err := y.Decrypt(empty, encrypt(t, &x, "", ratchet.Options{}))
		require.ErrorIs(t, err, errNoRandomness)
		require.Equal(t, y, next)
	}
}

var errNoRandomness = errors.New("no randomness")

type noRandomness struct{}

func (noRandomness) Read([]byte) (int, error) { return 0, errNoRandomness }

func TestStorePrivateParameters(t *testing.T) {
	t.Parallel()
	source := pooledSource(1)
	proposing, err := ratchet.Propose(source, 3, true)
	require.NoError(t, err)
	plain, err := ratchet.Propose(source, 2, true)
	require.NoError(t, err)
	accepting, err := ratchet.Reply(source, proposing.Public(3), true)
	require.NoError(t, err)
	for _, p := range []ratchet.PrivateParameters{plain, proposing, accepting} {
		text, err := json.Marshal(p)
		require.NoError(t, err)
		var restored ratchet.PrivateParameters
		require.NoError(t, json.Unmarshal(text, &restored))
		require.Equal(t, p, restored)
	}
	for _, text := range []string{`{}`, `{"key1":"00","key2":"00","kem":null}`, `[]`, `{"key3":1}`, `null 1`} {
		var p ratchet.PrivateParameters
		require.ErrorIs(t, p.UnmarshalJSON([]byte(text)), ratchet.ErrState, text)
	}
}
