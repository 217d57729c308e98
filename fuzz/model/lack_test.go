package model_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/model"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// A relay of an old version need not know what came later, as released ones did not. It may
// serve it too.
func TestCommandsOfLaterVersionsMayBeUnknown(t *testing.T) {
	t.Parallel()
	unknown := smp.ERR{Err: smp.ErrCmdUnknown}
	sender := newKey(t, keys.Ed25519)
	commands := map[uint16][]smp.Command{
		9:  {smp.SKEY{SenderKey: sender}},
		15: {smp.RKEY{Keys: []keys.PublicKey{sender}}, smp.LSET{Data: linkData}, smp.LDEL{}, smp.LKEY{SenderKey: sender}, smp.LGET{}},
	}
	for since, list := range commands {
		for _, c := range list {
			t.Run(c.Tag(), func(t *testing.T) {
				t.Parallel()
				refused := func(version uint16, r smp.Response) []string {
					w := newWorld(t, version, model.Config{Prompt: true})
					q := w.queue(func(n *smp.NEW) {
						if version < smp.VersionShortLinks {
							n.Request = nil
						}
					})
					for _, id := range [][]byte{q.recipientID, q.senderID, w.fresh()} {
						for _, key := range []keys.PublicKey{nobody, q.recipient, sender} {
							w.do(0, id, c, key, r)
						}
					}
					return w.rules()
				}
				assert.Empty(t, refused(since-1, unknown))
				assert.NotEmpty(t, refused(since, unknown))
				assert.NotEmpty(t, refused(since-1, smp.ERR{Err: smp.ErrInternal}))
				assert.NotEmpty(t, refused(since-1, smp.ERR{Err: smp.ErrQuota}))
			})
		}
	}
}

// The documents ask for Ed25519 and, from version 7, for authenticators.
func TestKeysThatMayBeRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		algorithm keys.Algorithm
		version   uint16
		may       bool
	}{
		{keys.Ed25519, 6, false}, {keys.Ed25519, 20, false}, {keys.Ed448, 6, true}, {keys.Ed448, 20, true},
		{keys.X25519, 6, true}, {keys.X25519, 7, false}, {keys.X25519, 20, false},
	} {
		key := newKey(t, tt.algorithm)
		for name, c := range map[string]smp.Command{
			"NEW":  smp.NEW{AuthKey: key, DHKey: newKey(t, keys.X25519)},
			"KEY":  smp.KEY{SenderKey: key},
			"NKEY": smp.NKEY{NotifierKeys: smp.NotifierKeys{AuthKey: key, DHKey: newKey(t, keys.X25519)}},
		} {
			w := newWorld(t, tt.version, model.Config{})
			q := w.queue(noMode)
			if name == "NEW" {
				w.do(0, nil, c, key, smp.ERR{Err: smp.ErrCmdSyntax})
			} else {
				w.do(0, q.recipientID, c, q.recipient, smp.ERR{Err: smp.ErrCmdSyntax})
			}
			assert.Equal(t, tt.may, len(w.breaches) == 0, "%s with %v at version %d", name, tt.algorithm, tt.version)
		}
	}
}

// A size that a relay does not know is the error BLOCK of the documents.
func TestAnEd448SignatureMayBeOfTheWrongSize(t *testing.T) {
	t.Parallel()
	for size, rules := range map[int][]string{114: {}, 64: {"refused"}} {
		w := newWorld(t, 20, model.Config{})
		w.queue(nil)
		key := newKey(t, keys.Ed25519)
		s := w.sent(nil, smp.NEW{AuthKey: key, DHKey: newKey(t, keys.X25519)}, key)
		s.Authorization = make([]byte, size)
		w.answer(w.sendBlock(0, s)[0], smp.ERR{Err: smp.ErrBlock})
		assert.Equal(t, rules, w.rules(), "%d bytes", size)
	}
}

func TestRequirementsOfOldVersions(t *testing.T) {
	t.Parallel()
	for version, ids := range map[uint16][2]string{
		7:  {"SMP-SEND-TOO-LARGE-OLD", "SMP-SKEY-BEFORE-9"},
		10: {"SMP-SEND-TOO-LARGE-OLD", "SMP-SKEY-NOT-ALLOWED"},
		20: {"SMP-SEND-TOO-LARGE", "SMP-SKEY-NOT-ALLOWED"},
	} {
		requirement := func(c smp.Command, key keys.PublicKey) string {
			w := newWorld(t, version, model.Config{})
			w.do(1, w.queue(noMode).senderID, c, key, ok)
			require.Len(t, w.breaches, 1)
			return w.breaches[0].Requirement
		}
		key := newKey(t, keys.Ed25519)
		assert.Equal(t, ids[0], requirement(smp.SEND{Body: make([]byte, smp.MaxRcvBody+1)}, nobody), "version %d", version)
		assert.Equal(t, ids[1], requirement(smp.SKEY{SenderKey: key}, key), "version %d", version)
	}
}

func noMode(c *smp.NEW) { c.Request = nil }

// A relay may know a queue by the key that it was created with, and take NEW with that key
// for a repetition.
func TestNewWithAnOldKey(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*smp.IDS, *world)
		old    bool
		rules  []string
	}{
		"old key":                  {func(*smp.IDS, *world) {}, true, []string{}},
		"old key, another queue":   {func(ids *smp.IDS, w *world) { ids.RecipientID, ids.SenderID = w.fresh(), w.fresh() }, true, []string{}},
		"old key, another sender":  {func(ids *smp.IDS, w *world) { ids.SenderID = w.fresh() }, true, []string{"wrong-ids"}},
		"another key, the old ids": {func(*smp.IDS, *world) {}, false, []string{"wrong-ids"}},
	} {
		w := newWorld(t, 7, model.Config{Prompt: true})
		q := w.queue(noMode)
		ids := smp.IDS{RecipientID: q.recipientID, SenderID: q.senderID, ServerDHKey: newKey(t, keys.X25519)}
		tt.change(&ids, w)
		key := newKey(t, keys.Ed25519)
		if tt.old {
			key = q.recipient
		}
		w.do(0, nil, smp.NEW{AuthKey: key, DHKey: newKey(t, keys.X25519)}, key, ids)
		assert.Equal(t, tt.rules, w.rules(), name)
	}
}
