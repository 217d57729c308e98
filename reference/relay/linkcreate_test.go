package relay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

func TestCreateWithLinkIsRefused(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := connect(t, e, 20)
	key, dh := newKey(t, keys.Ed25519), newKey(t, keys.X25519)
	for _, mode := range []smp.QueueMode{smp.Messaging, smp.Contact} {
		before := e.Queues()
		id, command := c.linkRequest(mode, key, dh)
		linkID := command.Request.Link.LinkID
		require.Equal(t, refused(smp.ErrCmdProhibited), c.ask(newID(), key, command), "sender id of another correlation id")
		command.Request.Link.SenderID = command.Request.Link.SenderID[:23]
		require.Equal(t, refused(smp.ErrCmdProhibited), c.ask(id, key, command), "short sender id")
		command.Request.Link.SenderID = smp.SenderID(id)
		require.Equal(t, refused(smp.ErrAuth), c.ask(id, dh, command), "not authorised")
		require.Equal(t, before, e.Queues())

		got := c.ask(id, key, command)
		require.IsType(t, smp.IDS{}, got)
		require.Equal(t, refused(smp.ErrAuth), c.ask(id, key, command), "again")
		second, other := c.linkRequest(mode, key, dh)
		if mode == smp.Contact {
			other.Request.Link.LinkID = linkID
			require.Equal(t, refused(smp.ErrAuth), c.ask(second, key, other), "link id of another queue")
			other.Request.Link.LinkID = newID()
		}
		require.Equal(t, before+1, e.Queues())
		require.IsType(t, smp.IDS{}, c.ask(second, key, other), "nothing of a refused queue stays")
	}
}

func TestLinkNeedsPassword(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t, func(c *relay.Config) { c.Password = smp.Password("secret") }), 20)
	key, dh := newKey(t, keys.Ed25519), newKey(t, keys.X25519)
	id, command := c.linkRequest(smp.Contact, key, dh)
	require.Equal(t, refused(smp.ErrAuth), c.ask(id, key, command))
	command.Password = smp.Password("secret")
	require.IsType(t, smp.IDS{}, c.ask(id, key, command))
}

func TestStageNewIDOfLinks(t *testing.T) {
	t.Parallel()
	chosen := newID()
	e := replaced(t, func(s *relay.Stages) {
		inner := s.NewID
		s.NewID = func(s *relay.Session, r *relay.Request, kind relay.IDKind) ([]byte, error) {
			if kind == relay.LinkID {
				return chosen, nil
			}
			return inner(s, r, kind)
		}
	})
	c := connect(t, e, 20)
	require.Equal(t, chosen, c.newLinked(smp.Messaging).linkID)
	key, dh := newKey(t, keys.Ed25519), newKey(t, keys.X25519)
	id, command := c.linkRequest(smp.Messaging, key, dh)
	require.Equal(t, refused(smp.ErrAuth), c.ask(id, key, command), "the link id is taken")
	require.Equal(t, 1, e.Queues())
}
