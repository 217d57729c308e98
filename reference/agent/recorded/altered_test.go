package recorded_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/ratchet"
	"smpcheck/vectors"
)

// A ciphertext or an authorization with one bit changed does not pass its layer,
// whatever the layer and the recording.
func TestAlteredCiphertextsAreNoticed(t *testing.T) {
	t.Parallel()
	for _, name := range vectors.RecordingNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := load(t, name)
			random := rand.New(rand.NewPCG(4, uint64(len(r.Blocks))))
			for _, l := range []layer{
				blocks, plainBlocks, authorizations, serviceSigned, relayed, relayedBack, forwarded, forwardedBack,
				deliveries, notifications, linkData, queueSent, queueReceived, ratchetSent, ratchetReceived,
			} {
				if recordings[name][l] == 0 {
					continue
				}
				requireAlterationNoticed(t, r, l, random.IntN(recordings[name][l]), random)
			}
		})
	}
}

// requireAlterationNoticed changes one bit of the n-th ciphertext of a layer.
func requireAlterationNoticed(t *testing.T, r *vectors.Recording, l layer, n int, random *rand.Rand) {
	t.Helper()
	what := ""
	_, err := open(r, func(at layer, i int, ciphertext []byte) []byte {
		if at != l || i != n {
			return ciphertext
		}
		changed, place := bytes.Clone(ciphertext), random.IntN(len(ciphertext))
		changed[place] ^= 1 << random.IntN(8)
		what = fmt.Sprintf("%s %d, byte %d of %d", l, n, place, len(changed))
		return changed
	})
	require.NotEmpty(t, what)
	var failed *layerError
	require.ErrorAs(t, err, &failed, what)
	require.Equal(t, l, failed.layer, "%s: %v", what, err)
}

// A recording in which one byte of a key, a content or a block is changed does not pass.
func TestAlteredRecordingsAreNoticed(t *testing.T) {
	t.Parallel()
	const longParts = 4 // of each recording: many of them stand at its end
	for _, name := range vectors.RecordingNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := load(t, name)
			random := rand.New(rand.NewPCG(5, uint64(len(r.Blocks))))
			later := append(blockParts(r), historyParts(r)...)
			random.Shuffle(len(later), func(i, j int) { later[i], later[j] = later[j], later[i] })
			for _, p := range append(keyParts(r), later[:min(longParts, len(later))]...) {
				undo := p.alter(random)
				_, err := open(r, nil)
				require.Error(t, err, p.name)
				undo()
			}
			_, err := open(r, nil)
			require.NoError(t, err, "what was changed is as it was")
		})
	}
}

// part is a value of a recording that can be changed in place.
type part struct {
	name string
	b    []byte
	text bool // JSON with hexadecimal values
}

// alter changes one bit, or one hexadecimal digit within a value, and returns how to undo
// it. It keeps away from both ends of keys, where some bits have no meaning.
func (p part) alter(random *rand.Rand) (undo func()) {
	i := len(p.b) / 2
	switch {
	case p.text:
		i = withinDigits(p.b, random)
	case len(p.b) > 128:
		i = random.IntN(len(p.b))
	}
	old := p.b[i]
	switch {
	case !p.text:
		p.b[i] ^= 1 << random.IntN(8)
	case old == '0':
		p.b[i] = '1'
	default:
		p.b[i] = '0'
	}
	return func() { p.b[i] = old }
}

// withinDigits finds a place in JSON that is within a long hexadecimal value, but not in
// the part of a KEM secret key that only serves to refuse ciphertexts: before the 32 bytes
// at its end, 191 that have no effect here.
func withinDigits(b []byte, random *rand.Rand) int {
	const margin = 8
	refusalEnd := 0
	if _, secret, found := bytes.Cut(b, []byte(`"secret":"`)); found {
		refusalEnd = len(b) - len(secret) + 2*(ratchet.KEMSecretKeySize-32)
	}
	for {
		i := margin + random.IntN(len(b)-2*margin)
		if i >= refusalEnd-2*191 && i < refusalEnd {
			continue
		}
		if !slices.ContainsFunc(b[i-margin:i+margin+1], func(c byte) bool {
			return !bytes.ContainsRune([]byte("0123456789abcdef"), rune(c))
		}) {
			return i
		}
	}
}

// keyParts lists the keys, secrets and identifiers of a recording that are there.
func keyParts(r *vectors.Recording) []part {
	var all []part
	add := func(name string, values ...vectors.Hex) {
		for i, v := range values {
			if len(v) > 0 {
				all = append(all, part{name: fmt.Sprint(name, " ", i), b: v})
			}
		}
	}
	for i := range r.Connections {
		c := &r.Connections[i]
		add("connection "+c.ID, c.SessionID, c.ServerPrivateDER, c.ServerPublicDER)
		if c.ClientPublicDER != nil { // otherwise the client did not use its key
			add("client of connection "+c.ID, c.ClientPrivateDER, c.ClientPublicDER, c.DHSecret)
		}
	}
	for _, n := range r.Notes {
		add("note "+n.Key, n.Private, n.Public, n.ServiceCertHash, n.ServiceLeafPrivate)
	}
	for i := range r.Agents {
		a := &r.Agents[i]
		q := a.ReceiveQueue
		add("receive queue of "+a.Client, q.RecipientID, q.SenderID, q.AuthPrivateDER, q.DHSecret, q.E2EPrivateDER, q.E2ESecret,
			q.LinkID, q.LinkKey, q.LinkPrivateDER)
		if q := a.SendQueue; q != nil {
			add("send queue of "+a.Client, q.SenderID, q.AuthPrivateDER, q.E2EPublicDER, q.E2ESecret)
			all = append(all, part{"initial state of " + a.Client, a.Ratchet.Initial, true})
		}
	}
	return all
}

// blockParts lists the contents and ciphertexts of the blocks.
func blockParts(r *vectors.Recording) []part {
	var all []part
	for i := range r.Blocks {
		b := &r.Blocks[i]
		all = append(all, part{name: fmt.Sprint("content of block ", i), b: b.Content},
			part{name: fmt.Sprint("digest of block ", i), b: b.RawSHA256})
		if b.Raw != nil {
			all = append(all, part{name: fmt.Sprint("block ", i), b: b.Raw})
		}
	}
	return all
}

// historyParts lists contents, digests and states of the ratchets, and the ends of the
// chains of messages.
func historyParts(r *vectors.Recording) []part {
	var all []part
	for i := range r.Agents {
		if r.Agents[i].Ratchet == nil {
			continue
		}
		a := r.Agents[i]
		all = append(all, part{"final state of " + a.Client, a.Ratchet.Final, true},
			part{name: "last hash sent by " + a.Client, b: a.SentHash},
			part{name: "last hash received by " + a.Client, b: a.ReceivedHash})
		for j, s := range a.Ratchet.Steps {
			name := fmt.Sprintf("step %d of %s: ", j, a.Client)
			all = append(all, part{name: name + "content", b: s.Plaintext})
			if s.MessageSHA256 != nil {
				all = append(all, part{name: name + "digest", b: s.MessageSHA256})
			}
			if !s.StateAfter.IsNull() {
				all = append(all, part{name + "state", s.StateAfter, true})
			}
		}
	}
	return all
}
