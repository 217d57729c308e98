package session

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/cmd/smpclient/book"
	"smpcheck/reference/agent"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/chat"
)

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func received(text string) agent.Received {
	return agent.Received{MessageID: 7, Body: []byte(text), Sent: time.Now(), Integrity: message.Integrity{Verdict: message.OK}}
}

// collect returns the texts that Show shows, "again " before those shown before.
func collect(t *testing.T, s *Session, contact int64, n int) (texts []string) {
	t.Helper()
	require.NoError(t, s.Show(within(t), contact, n, func(n Notice) error {
		text := n.Text
		if n.Again {
			text = "again " + text
		}
		texts = append(texts, text)
		return nil
	}))
	return texts
}

func TestMessagesAreShownInOrderOnce(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	bob, carol := f.contact(t, "bob", book.Connected), f.contact(t, "carol", book.Connected)
	s := f.session(t)
	for _, text := range []string{"1", "2"} {
		require.True(t, f.receipts[f.happen(t, s, bob.Conn, received(text))])
		f.happen(t, s, carol.Conn, received("from carol "+text))
	}
	require.Equal(t, []string{"1", "2"}, collect(t, s, bob.ID, 2))
	require.NoError(t, s.Close())
	// The next process knows what was shown.
	s = f.session(t)
	f.happen(t, s, bob.Conn, received("3"))
	require.Equal(t, []string{"from carol 1", "from carol 2", "3"}, collect(t, s, 0, 3))
}

func TestMessageThatWasNotShownComesAgain(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	bob := f.contact(t, "bob", book.Connected)
	s := f.session(t)
	f.happen(t, s, bob.Conn, received("1"))
	f.happen(t, s, bob.Conn, received("2"))
	broken := errors.New("broken pipe")
	require.ErrorIs(t, s.Show(within(t), 0, 0, func(Notice) error { return broken }), broken)
	require.Equal(t, []string{"again 1", "2"}, collect(t, s, 0, 2))
}

func TestAllViewersSeeMessage(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	bob := f.contact(t, "bob", book.Connected)
	s := f.session(t)
	seen := make(chan string, 2)
	ended := make(chan error, 2)
	for _, contact := range []int64{0, bob.ID} {
		go func() {
			ended <- s.Show(within(t), contact, 1, func(n Notice) error {
				seen <- n.Text
				return nil
			})
		}()
	}
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.viewers) == 2
	}, patience, time.Millisecond)
	f.happen(t, s, bob.Conn, received("both"))
	for range 2 {
		require.NoError(t, <-ended)
		require.Equal(t, "both", <-seen)
	}
}

func TestShowEnds(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.session(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.NoError(t, s.Show(ctx, 0, 0, nil))
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Show(within(t), 0, 0, nil), ErrClosed)
	_, err := s.Subscribe().Next(within(t))
	require.ErrorIs(t, err, ErrClosed)
}

func TestConfirmationIsAllowed(t *testing.T) {
	t.Parallel()
	info, err := chat.EncodeInfo(chat.Profile{DisplayName: "Bob"})
	require.NoError(t, err)
	for _, c := range []struct {
		fails  error
		status book.Status
		name   string
	}{
		{nil, book.Joining, "Bob"},
		{agent.ErrState, book.Joining, "Bob"}, // allowed by a process that was killed
		{agent.ErrVersion, book.Broken, "invitation"},
	} {
		f := newFake(t)
		guest := f.contact(t, "invitation", book.Invited)
		f.failAllow = c.fails
		s := f.session(t)
		f.happen(t, s, guest.Conn, agent.Confirmation{Info: info})
		require.Equal(t, []agent.ConnID{guest.Conn}, f.allowed)
		contact, err := s.ContactNumber(within(t), guest.ID)
		require.NoError(t, err)
		require.Equal(t, c.status, contact.Status)
		require.Equal(t, c.name, contact.Name)
	}
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.session(t)
	for _, info := range []string{"", "\xff\xfe", "\x1b[2J", strings.Repeat("x", 20000), `{"event":"x.info","params":{}}`, "{", "X\x05"} {
		guest := f.contact(t, "invitation", book.Joining)
		f.happen(t, s, guest.Conn, agent.PeerInfo{Info: []byte(info)})
		contact, err := s.ContactNumber(within(t), guest.ID)
		require.NoError(t, err)
		require.NoError(t, book.CheckName(contact.Name), "%q", info)
	}
}

func TestEventsOfNobody(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.session(t)
	for _, body := range []agent.EventBody{
		agent.Confirmation{}, agent.PeerInfo{}, agent.Connected{}, received("x"), agent.Sent{}, agent.NotSent{},
		agent.Delivered{Receipts: []agent.DeliveryReceipt{{MessageID: 1}}}, agent.QueueFull{}, agent.Continue{},
		agent.Switching{}, agent.Synchronization{}, agent.Problem{Fatal: true}, agent.Removed{},
	} {
		f.happen(t, s, "nobody", body)
	}
}

func TestContactThatLeavesIsDisconnected(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	bob := f.contact(t, "bob", book.Connected)
	s := f.session(t)
	sub := s.Subscribe()
	defer sub.Close()
	farewell, err := chat.EncodeDeleted()
	require.NoError(t, err)
	require.False(t, f.receipts[f.happen(t, s, bob.Conn, received(string(farewell)))], "nobody has read it")
	n, err := sub.Next(within(t))
	require.NoError(t, err)
	require.Equal(t, EventLeft, n.Event)
	require.Eventually(t, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.deleted) == 1
	}, patience, time.Millisecond)
	f.happen(t, s, bob.Conn, agent.Removed{})
	contact, err := s.Contact(within(t), "bob")
	require.NoError(t, err)
	require.Equal(t, book.Left, contact.Status)
	require.Empty(t, contact.Conn)
	_, err = s.Send(within(t), "bob", "text")
	require.ErrorIs(t, err, agent.ErrState)
	_, gone, err := s.Delete(within(t), "bob")
	require.NoError(t, err)
	require.True(t, gone)
}

func TestUnfinishedDeletionGoesOn(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	bob := f.contact(t, "bob", book.Deleting)
	s := f.session(t)
	require.Eventually(t, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.deleted) == 1
	}, patience, time.Millisecond)
	f.happen(t, s, bob.Conn, agent.Removed{})
	_, err := s.Contact(within(t), "bob")
	require.ErrorIs(t, err, book.ErrNoContact)
}

func TestFailedJoinLeavesNothing(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.session(t)
	c, err := s.Join(within(t), nil, "")
	require.NoError(t, err)
	require.Equal(t, "faraway", c.Name)
	f.failJoin = agent.ErrLinkUsed
	_, err = s.Join(within(t), nil, "other")
	require.ErrorIs(t, err, agent.ErrLinkUsed)

	f.happen(t, s, "address", agent.Request{RequestID: 3, Info: []byte("somebody")})
	_, err = s.Accept(within(t), 3, "")
	require.ErrorIs(t, err, agent.ErrLinkUsed)
	contacts, err := s.Contacts(within(t))
	require.NoError(t, err)
	require.Len(t, contacts, 1)
	requests, err := s.Requests(within(t))
	require.NoError(t, err)
	require.Len(t, requests, 1, "it can be accepted again")

	// Interrupted attempts are removed by the agent of the next process.
	c = f.contact(t, "half", book.Joining)
	f.happen(t, s, c.Conn, agent.Removed{})
	_, err = s.Contact(within(t), "half")
	require.ErrorIs(t, err, book.ErrNoContact)
	require.NoError(t, s.Reject(within(t), 3), "the agent does not know it any more")
	require.Error(t, s.Reject(within(t), 3))
}

func TestSlowSubscriberLosesNotices(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.session(t)
	sub := s.Subscribe()
	defer sub.Close()
	for range maxNotices + 10 {
		s.publish(Notice{Event: EventRelayUp})
	}
	for range maxNotices {
		n, err := sub.Next(within(t))
		require.NoError(t, err)
		require.Equal(t, EventRelayUp, n.Event)
	}
	n, err := sub.Next(within(t))
	require.NoError(t, err)
	require.Equal(t, EventNoticesLost, n.Event)
}

func TestBrokenFileEndsSession(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.session(t)
	require.NoError(t, f.db.Close())
	select {
	case f.events <- agent.Event{ID: 1, Body: agent.Connected{}}:
	case <-s.Done():
	}
	select {
	case <-s.Done():
		require.ErrorContains(t, s.Err(), "closed")
	case <-time.After(patience):
		t.Fatal("the session goes on without its file")
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]content{
		"bare":  {kind: chat.KindText, typ: TypeRaw, text: []byte("bare")},
		"\x00}": {kind: chat.KindText, typ: TypeRaw, text: []byte("\x00}")},
		"":      {kind: chat.KindText, typ: TypeRaw, text: []byte{}},
		`{"v":"1","event":"x.msg.del","params":{"msgId":"AAAA"}}`: {kind: chat.KindText, typ: "x.msg.del"},
	} {
		got := read([]byte(body))
		require.Len(t, got, 1, body)
		require.Equal(t, want, got[0], body)
		require.True(t, got[0].message())
	}
	for _, c := range read([]byte(`{"v":"1","event":"x.info.probe","params":{"probe":"AAAA"}}`)) {
		require.False(t, c.message())
	}
}

func TestProblemsOfIntegrity(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	bob := f.contact(t, "bob", book.Connected)
	s := f.session(t)
	body := received("late")
	body.Integrity = message.Integrity{Verdict: message.Skipped, From: 3, To: 6}
	f.happen(t, s, bob.Conn, body)
	list, err := view(within(t), s, func(tx *sql.Tx) ([]book.Message, error) { return book.History(tx, bob.ID, 0) })
	require.NoError(t, err)
	require.Equal(t, "messages 3 to 6 before it are missing", list[0].Problem)
	for _, verdict := range []message.Verdict{message.BadID, message.BadHash, message.Duplicate} {
		require.NotEmpty(t, problem(message.Integrity{Verdict: verdict}))
	}
	require.Empty(t, problem(message.Integrity{Verdict: message.OK}))
}
