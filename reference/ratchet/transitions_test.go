package ratchet_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/ratchet"
)

// What invitations, confirmations and headers say of the KEM, as the agent protocol names
// it: no key, a key, a key and a ciphertext.
const noPQ, pq, pqCt = "no-pq", "pq", "pq+ct"

var columns = []string{noPQ, pq, pqCt}

// parametersWith makes parameters that say what is wanted of the KEM in reply to a peer's;
// a ciphertext is for a key of nobody if the peer sent none.
func parametersWith(t *testing.T, kem string, peer *ratchet.KEMParameters) ratchet.PrivateParameters {
	t.Helper()
	p, err := ratchet.Propose(pooledSource(3), 3, kem != noPQ)
	require.NoError(t, err)
	if kem == pqCt {
		p.KEM.Accepted = accepted(t, peer)
	}
	return p
}

// accepted is a secret for the key of the parameters.
func accepted(t *testing.T, peer *ratchet.KEMParameters) *ratchet.KEMAccepted {
	t.Helper()
	key := pool()[0].Public
	if peer != nil {
		key = peer.PublicKey
	}
	ciphertext, shared, err := source(4).Encapsulate(key)
	require.NoError(t, err)
	return &ratchet.KEMAccepted{ReceivedPublic: key, Shared: shared, Ciphertext: ciphertext}
}

// Every cell of the first two rows of the table of the agent protocol, "End-to-end
// encryption": each invitation and each confirmation in reply to it. A confirmation with a
// key alone in reply to a key is an error there and happens when a ratchet is renegotiated.
func TestTransitionsOfConfirmations(t *testing.T) {
	t.Parallel()
	refused := map[[2]string]bool{{noPQ, pqCt}: true}
	for _, invitation := range []string{noPQ, pq} {
		for _, confirmation := range columns {
			initiating := parametersWith(t, invitation, nil)
			offer := initiating.Public(3)
			joining := parametersWith(t, confirmation, offer.KEM)
			reply := joining.Public(3)
			x, errX := ratchet.InitSender(pooledSource(5), joining, offer, 3)
			y, errY := ratchet.InitReceiver(initiating, reply, 3, false)
			if cell := [2]string{invitation, confirmation}; refused[cell] {
				require.ErrorIs(t, errX, ratchet.ErrKEMState, cell)
				require.ErrorIs(t, errY, ratchet.ErrKEMState, cell)
				continue
			}
			require.NoError(t, errX)
			require.NoError(t, errY)
			require.Equal(t, confirmation, kemOf(x))
			require.Equal(t, confirmation == pqCt, x.SendKEM)
			require.Equal(t, "first", decrypt(t, &y, encrypt(t, &x, "first", ratchet.Options{})))
		}
	}
	invitation := parametersWith(t, pqCt, nil).Public(3)
	_, err := ratchet.InitSender(pooledSource(5), parametersWith(t, noPQ, nil), invitation, 3)
	require.ErrorIs(t, err, ratchet.ErrKEMState, "an invitation with a ciphertext")
}

// history is what the messages said of the KEM before the one that a cell of the table is
// about. The first is the confirmation; the message after it is the first message.
type history []string

// Every cell of the other rows: each first message in reply to each confirmation, each later
// one in reply to each message. A key alone in reply to a key is an error there; it is taken
// as a new proposal, as the official implementation does.
func TestTransitionsOfMessages(t *testing.T) {
	t.Parallel()
	for _, before := range []history{
		{noPQ}, {pq}, {pqCt}, // the first message
		{noPQ, noPQ, noPQ}, {noPQ, noPQ, pq}, {noPQ, pq, pqCt}, {pqCt, pqCt, pqCt}, // a later one
	} {
		for _, column := range columns {
			x, y := before.run(t)
			row := before[len(before)-1]
			receive(t, &y, encrypt(t, &x, "before", ratchet.Options{}), row, column)
			message := encrypt(t, &y, "reply", ratchet.Options{})
			if row == noPQ && column == pqCt {
				for _, x.EnableKEM = range []bool{false, true} {
					require.ErrorIs(t, refused(t, x, message), ratchet.ErrKEMState, "%s after %v", column, before)
				}
				continue
			}
			x.EnableKEM = true
			require.Equal(t, "reply", decrypt(t, &x, message), "%s after %v", column, before)
			require.Equal(t, column == pqCt, x.ReceiveKEM, "%s after %v: secret of the receiving chain", column, before)
			require.Equal(t, column != noPQ, x.SendKEM, "%s after %v: secret of the sending chain", column, before)

			require.Equal(t, "on", decrypt(t, &y, encrypt(t, &x, "on", ratchet.Options{})))
			require.Equal(t, x.SendKEM, y.ReceiveKEM)
			require.Equal(t, "and on", decrypt(t, &x, encrypt(t, &y, "and on", ratchet.Options{})))
		}
	}
}

// run starts two ratchets and lets them talk; x is the side whose message is next, and says
// what comes last in the history.
func (h history) run(t *testing.T) (x, y ratchet.State) {
	t.Helper()
	o := setup{version: 3, maxVersion: 3, propose: h[0] == pqCt, accept: h[0] != noPQ}
	x, y = o.pair(t, pooledSource(6))
	require.Equal(t, h[0], kemOf(x))
	for i, kem := range h[1:] {
		receive(t, &y, encrypt(t, &x, "turn", ratchet.Options{}), h[i], kem)
		x, y = y, x
	}
	return x, y
}

// receive lets a side decrypt a message and then say something of the KEM. Where the table
// has no such reply, the step is made without KEM, and the parameters are added to it.
func receive(t *testing.T, s *ratchet.State, message []byte, received, kem string) {
	t.Helper()
	_, possible := table[[2]string{received, kem}]
	s.EnableKEM = possible && kem != noPQ
	decrypt(t, s, message)
	if !possible {
		s.EnableKEM = true
		s.KEM = &ratchet.KEM{Self: pool()[1]}
		if kem == pqCt {
			s.KEM.Accepted = accepted(t, nil)
		}
	}
	require.Equal(t, kem, kemOf(*s))
}

// Each invitation and each confirmation has keys that no other has.
func TestPropertyParametersAreNew(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		random := &kemInTurn{Keys: source(rapid.Uint64().Draw(t, "seed"))}
		seen := map[string]bool{}
		remember := func(p ratchet.PrivateParameters) {
			for _, secret := range [][]byte{p.Key1.Raw(), p.Key2.Raw(), p.KEM.Self.Secret} {
				require.False(t, seen[string(secret)], "a key of %d bytes twice", len(secret))
				seen[string(secret)] = true
			}
		}
		initiating, err := ratchet.Propose(random, 3, true)
		require.NoError(t, err)
		remember(initiating)
		for range 2 { // the same invitation, used twice
			joining, err := ratchet.Reply(random, initiating.Public(3), true)
			require.NoError(t, err)
			remember(joining)
			require.False(t, seen[string(joining.KEM.Accepted.Ciphertext)], "a ciphertext twice")
			seen[string(joining.KEM.Accepted.Ciphertext)] = true
		}
	})
}

// A side that keeps the step which it made without the secret, as the official
// implementation does, has lost the conversation: nothing of the chain opens any more, and
// the other side gets nothing from which it could make a new one.
func TestStepWithoutTheSecretIsFinal(t *testing.T) {
	t.Parallel()
	x, y := pqAgreed.pair(t, source(1))
	off := encrypt(t, &x, "off", ratchet.Options{PQ: ratchet.PQOff})
	after := encrypt(t, &x, "after", ratchet.Options{})
	var behind *ratchet.MessageError
	require.ErrorAs(t, refused(t, y, after), &behind)
	official := behind.Official
	for _, message := range [][]byte{off, after, encrypt(t, &x, "later", ratchet.Options{})} {
		refused(t, official, message)
	}
	refused(t, x, encrypt(t, &official, "reply", ratchet.Options{}))
}
