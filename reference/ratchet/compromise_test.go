package ratchet_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
)

// made are the keys that the last ratchet step of a conversation made.
type made struct {
	ratchet.Keys
	dh         keys.PrivateKey
	kem        ratchet.KEMKeyPair
	ciphertext []byte
	shared     ratchet.Key
}

func (m *made) NewDH() (keys.PrivateKey, error) {
	var err error
	m.dh, err = m.Keys.NewDH()
	return m.dh, err
}

func (m *made) NewKEM() (ratchet.KEMKeyPair, error) {
	var err error
	m.kem, err = m.Keys.NewKEM()
	return m.kem, err
}

func (m *made) Encapsulate(public []byte) ([]byte, ratchet.Key, error) {
	var err error
	m.ciphertext, m.shared, err = m.Keys.Encapsulate(public)
	return m.ciphertext, m.shared, err
}

// stolen are the keys with which a thief follows: its own, but for those of a kind that it
// learns of each step of its victim.
type stolen struct {
	ratchet.Keys
	made            *made
	knowsDH, ownKEM bool
}

func (s stolen) NewDH() (keys.PrivateKey, error) {
	if s.knowsDH {
		return s.made.dh, nil
	}
	return s.Keys.NewDH()
}

func (s stolen) NewKEM() (ratchet.KEMKeyPair, error) {
	if s.ownKEM {
		return pool()[len(pool())-1], nil
	}
	return s.made.kem, nil
}

func (s stolen) Encapsulate(public []byte) ([]byte, ratchet.Key, error) {
	if s.ownKEM {
		return s.Keys.Encapsulate(public)
	}
	return s.made.ciphertext, s.made.shared, nil
}

// follow lets a thief take the state of a side and learn what it may of each step of that
// side afterwards. It reads along while both sides make a step, and nothing of the chains
// after that.
func follow(t *rapid.T, o setup, learns func(c *made, own ratchet.Keys) ratchet.Keys) {
	c := converse(t, o)
	recorder := &made{Keys: &kemInTurn{Keys: pooledSource(rapid.Uint64().Draw(t, "seed of keys")), count: usedKEMPairs}}
	c.keys = recorder
	if !c.canSend(1) {
		c.talk(ratchet.Options{})
	}
	first := rapid.IntRange(0, 1).Draw(t, "side that makes a step first")
	if first == 0 { // the other one has a chain that nobody knows yet
		c.deliver(1, c.send(0, ratchet.Options{}))
	}
	victim := rapid.IntRange(0, 1).Draw(t, "victim")
	f := newThief(c.sides[victim].state, learns(recorder, strangeSource(rapid.Uint64().Draw(t, "thief"))))
	pass := func(from int) (read bool) {
		m := c.send(from, ratchet.Options{})
		c.deliver(1-from, m)
		if from == victim {
			return f.opensAny(m.message)
		}
		return f.reads(m.message)
	}
	pass(1 - first)
	pass(first)
	require.False(t, pass(1-first), "sent by side %d after both made a step", 1-first)
	require.False(t, pass(first), "sent by side %d after both made a step", first)
}

// Recovery after one step of each side, with and without KEM.
func TestPropertyRecoveryAfterOneStepEach(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		follow(t, setups.Draw(t, "setup"), func(m *made, own ratchet.Keys) ratchet.Keys {
			return stolen{Keys: own, made: m, ownKEM: true}
		})
	})
}

// With the KEM agreed, all X448 private keys do not help who took a state: the shared
// secrets of both chains follow from the victim's private keys, and the KEM still hides the
// rest.
func TestPropertyRecoveryWithAllDHKeysKnown(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		follow(t, pqAgreed, func(m *made, own ratchet.Keys) ratchet.Keys {
			return stolen{Keys: own, made: m, knowsDH: true, ownKEM: true}
		})
	})
}

// Nor do all secrets of the KEM, without the X448 private keys.
func TestPropertyRecoveryWithAllKEMSecretsKnown(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		follow(t, pqAgreed, func(m *made, own ratchet.Keys) ratchet.Keys {
			return stolen{Keys: own, made: m}
		})
	})
}

// Who knows both kinds of keys reads everything: the thief of the other properties follows
// as well as one can.
func TestThiefWithAllKeysReadsEverything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := setups.Draw(t, "setup")
		c := converse(t, o)
		recorder := &made{Keys: &kemInTurn{Keys: pooledSource(rapid.Uint64().Draw(t, "seed of keys")), count: usedKEMPairs}}
		c.keys = recorder
		c.talk(ratchet.Options{})
		victim := rapid.IntRange(0, 1).Draw(t, "victim")
		f := newThief(c.sides[victim].state, stolen{made: recorder, knowsDH: true})
		for range 3 {
			for from := range 2 {
				m := c.send(from, ratchet.Options{})
				c.deliver(1-from, m)
				require.True(t, from == victim && f.opensAny(m.message) || from != victim && f.reads(m.message))
			}
		}
	})
}

// The state of a receiver is enough to make the very bytes that its sender would send next,
// and messages of the chain after it: nothing in a message proves who made it.
func TestPropertyReceiverCouldHaveMadeIt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := converse(t, setups.Draw(t, "setup"))
		for range rapid.IntRange(1, 3).Draw(t, "turns") {
			c.talk(ratchet.Options{})
		}
		m := c.send(0, ratchet.Options{})
		c.deliver(1, m)
		receiver := c.sides[1].state

		content := rapid.SliceOfN(rapid.Byte(), 0, length-2).Draw(t, "forged content")
		want, _, err := c.sides[0].state.Encrypt(content, length, ratchet.Options{})
		require.NoError(t, err)
		require.Equal(t, want, forgedNext(t, receiver, m.message, content))

		forged := forgedStep(t, receiver)
		message, _, err := forged.Encrypt(content, length, ratchet.Options{})
		require.NoError(t, err)
		got, _, err := receiver.Decrypt(c.keys, message)
		require.NoError(t, err)
		require.Equal(t, content, append([]byte{}, got...))
	})
}

// forgedNext makes the message that follows a received one in its chain.
func forgedNext(t *rapid.T, receiver ratchet.State, received, content []byte) []byte {
	m, err := ratchet.DecodeMessage(received)
	require.NoError(t, err)
	encoded, err := ratchet.Open(receiver.Receive.HeaderKey, m.Header.IV, receiver.AssociatedData, m.Header.Body, m.Header.Tag)
	require.NoError(t, err)
	header, err := ratchet.DecodeHeader(m.Header.Version, encoded)
	require.NoError(t, err)
	header.Number = receiver.ReceiveNumber
	encoded, err = header.Encode(receiver.Version)
	require.NoError(t, err)
	_, key, iv := ratchet.ChainKDF(receiver.Receive.ChainKey)
	sealed, tag, err := ratchet.Seal(receiver.Receive.HeaderKey, iv, receiver.AssociatedData, encoded, len(m.Header.Body))
	require.NoError(t, err)
	encoded, err = ratchet.EncryptedHeader{Version: receiver.Version, IV: iv, Tag: tag, Body: sealed}.Encode()
	require.NoError(t, err)
	message, err := ratchet.BodyKey{Version: receiver.Version, MessageKey: key, AssociatedData: receiver.AssociatedData, Header: encoded}.Encrypt(content, length)
	require.NoError(t, err)
	return message
}

// forgedStep makes the state of a sender that made a step after the receiver's last message.
func forgedStep(t *rapid.T, receiver ratchet.State) ratchet.State {
	self, err := source(11).NewDH()
	require.NoError(t, err)
	dh, err := receiver.DHSelf.DH(self.Public())
	require.NoError(t, err)
	s := ratchet.State{
		Version: receiver.Version, MaxVersion: receiver.MaxVersion, AssociatedData: receiver.AssociatedData,
		DHSelf: self, PreviousCount: receiver.ReceiveNumber,
		Send: &ratchet.SendChain{DHRemote: receiver.DHSelf.Public(), HeaderKey: receiver.NextHeaderReceive},
	}
	var shared *ratchet.Key
	if receiver.KEM != nil && receiver.Version >= ratchet.PQVersion {
		ciphertext, secret, err := source(12).Encapsulate(receiver.KEM.Self.Public)
		require.NoError(t, err)
		s.KEM = &ratchet.KEM{Self: pool()[0], Accepted: &ratchet.KEMAccepted{
			ReceivedPublic: receiver.KEM.Self.Public, Shared: secret, Ciphertext: ciphertext,
		}}
		s.SupportKEM, shared = true, &secret
	}
	_, s.Send.ChainKey, _ = ratchet.RootKDF(receiver.RootKey, dh, shared)
	return s
}
