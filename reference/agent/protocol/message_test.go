package protocol_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/box"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/smp"
)

// connected is a stage whose connection is made, by an invitation of the agent.
func connected(t testing.TB, s setting) *stage {
	t.Helper()
	g := newStage(t, s)
	g.connectInviting()
	return g
}

// What a message says about post-quantum encryption holds for those after it, whatever
// they are, until another one says something else. Both sides have to want it.
func TestPostQuantumIsSwitched(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	g.receipt = true
	exchange := func(pq bool) {
		for range 3 {
			number := g.say(message.A_MSG{Body: []byte("asks")})
			g.expectMessage(number, "asks")
			hears[message.A_RCVD](g.script)
		}
		g.talkWithReceipts()
		i := g.info(g.conn)
		require.True(t, i.PQ, "both support it")
		require.Equal(t, []bool{pq, pq}, []bool{i.PQSend, i.PQReceive})
		require.Equal(t, []bool{pq, pq}, []bool{g.script.ratchet.SendKEM, g.script.ratchet.ReceiveKEM})
	}
	say := func(pq ratchet.PQEncryption) {
		_, err := g.Send(t.Context(), g.conn, []byte("switches"), agent.SendOptions{PQ: pq})
		require.NoError(t, err)
		hears[message.A_MSG](g.script)
	}
	exchange(true)
	say(ratchet.PQOff)
	g.followPQ = true
	exchange(false)
	g.followPQ = false // the script proposes post-quantum keys again
	exchange(false)
	g.restart()
	exchange(false)
	say(ratchet.PQOn)
	exchange(true)
}

// talkWithReceipts is a message of the agent between two of the script.
func (g *stage) talkWithReceipts() {
	g.t.Helper()
	for range 2 {
		number := g.say(message.A_MSG{Body: []byte("asks")})
		g.expectMessage(number, "asks")
		hears[message.A_RCVD](g.script)
		number = g.send(g.conn, "answers")
		hears[message.A_MSG](g.script)
		g.expectSent(number)
	}
}

// Agent protocol, "A_MSG message": the bytes arrive as they were sent.
func TestBodiesAreOpaque(t *testing.T) {
	t.Parallel()
	for _, pq := range []bool{true, false} {
		t.Run(fmt.Sprintf("pq=%v", pq), func(t *testing.T) {
			t.Parallel()
			g := connected(t, setting{role: role{noPQ: !pq}, agent: func(c *agent.Config) { c.NoPQ = !pq }})
			all := make([]byte, 256)
			for i := range all {
				all[i] = byte(i)
			}
			require.Equal(t, pq, g.info(g.conn).PQ)
			for _, body := range [][]byte{nil, all, {0}, []byte("M\x00\x01H"), randomBytes(t, agent.MaxBody(pq))} {
				g.say(message.A_MSG{Body: body})
				require.True(t, bytes.Equal(body, expect[agent.Received](g.subject).Body))
				_, err := g.Send(t.Context(), g.conn, body, agent.SendOptions{})
				require.NoError(t, err)
				m, h := hears[message.A_MSG](g.script)
				require.True(t, bytes.Equal(body, m.Body))
				require.Len(t, paddedPart(t, h.Content.(message.AgentMsgEnvelope).Encrypted), message.PaddedMessage(7, pq))
			}
			_, err := g.Send(t.Context(), g.conn, randomBytes(t, agent.MaxBody(pq)+1), agent.SendOptions{})
			require.ErrorIs(t, err, agent.ErrTooLarge)
			g.talk(1)
		})
	}
}

// paddedPart is the encrypted content of a ratchet message, as long as it was padded.
func paddedPart(t testing.TB, encrypted []byte) []byte {
	t.Helper()
	m, err := ratchet.DecodeMessage(encrypted)
	require.NoError(t, err)
	return m.Body
}

// Numbers and hashes go on where they were when the agent is opened again, in both
// directions.
func TestChainIsStored(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	for range 3 {
		g.talk(1)
		sent, received := g.script.received, g.script.sent
		g.restart()
		number := g.send(g.conn, "after")
		_, h := hears[message.A_MSG](g.script)
		require.Equal(t, sent.ID+1, number)
		require.Equal(t, sent.Hash, h.Header.PreviousHash)
		g.expectSent(number)
		g.expectMessage(g.say(message.A_MSG{Body: []byte("after")}), "after")
		require.Equal(t, received.ID+1, g.script.sent.ID)
	}
	// What was not read yet when the agent was closed is counted on too.
	g.say(message.A_MSG{Body: []byte("one")})
	require.Equal(t, "received", g.peek().Body.Kind())
	g.restart()
	e := g.next()
	require.True(t, e.Again)
	require.Equal(t, "one", string(e.Body.(agent.Received).Body))
	g.talk(1)
}

// The options of a message: whether to notify.
func TestSilentMessages(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	for _, silent := range []bool{true, false} {
		_, err := g.Send(t.Context(), g.conn, []byte("text"), agent.SendOptions{Silent: silent})
		require.NoError(t, err)
		_, h := hears[message.A_MSG](g.script)
		require.Equal(t, silent, !h.notify)
	}
}

// expectIntegrity takes the next message, whose integrity is known.
func (a *subject) expectIntegrity(t testing.TB, text string, verdict message.Verdict, from, to int64) {
	t.Helper()
	m := expect[agent.Received](a)
	require.Equal(t, text, string(m.Body))
	require.Equal(t, message.Integrity{Verdict: verdict, From: from, To: to}, m.Integrity, "%s", m.Integrity.Verdict)
}

// Each fault of the chain is told, once, with the message that shows it.
func TestIntegrityIsTold(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	text := func(s string) message.A_MSG { return message.A_MSG{Body: []byte(s)} }
	post := func(h message.Header, s string) {
		g.script.out.post(g.writeMessage(message.AgentMessage{Header: h, Body: text(s)}))
	}
	fine := func() {
		n := g.say(text("fine"))
		g.expectMessage(n, "fine")
	}
	fine()
	n := g.script.sent.ID // 2

	g.write(text("lost"))
	g.write(text("lost too"))
	g.say(text("after the gap"))
	g.expectIntegrity(t, "after the gap", message.Skipped, n+1, n+2)
	fine()

	n = g.script.sent.ID
	post(message.Header{ID: n + 1, PreviousHash: randomBytes(t, 32)}, "bad hash")
	g.expectIntegrity(t, "bad hash", message.BadHash, n+1, n+1)
	fine()

	n = g.script.sent.ID
	last := g.script.sent
	post(message.Header{ID: n - 1, PreviousHash: last.Hash}, "bad id")
	g.expectIntegrity(t, "bad id", message.BadID, n-1, n-1)
	g.script.sent.ID = n - 1 // the agent goes on from the number that it was given
	fine()

	n = g.script.sent.ID
	post(message.Header{ID: n, PreviousHash: g.script.sent.Hash}, "duplicate")
	g.expectIntegrity(t, "duplicate", message.Duplicate, n, n)
	g.script.sent.ID = n
	fine()
	g.talk(1)
}

// A SEND that comes twice, whether in a row or later, is delivered once.
func TestRepeatedCiphertextIsOneMessage(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	first := g.write(message.A_MSG{Body: []byte("once")})
	g.script.out.post(first)
	g.script.out.post(first)
	g.expectMessage(g.script.sent.ID, "once")
	g.talk(2) // the ratchet turns
	g.script.out.post(first)
	g.script.out.post(first)
	g.restart()
	g.script.out.post(first)
	g.talk(2)
	require.Equal(t, agent.SyncOK, g.info(g.conn).Sync)
}

// Messages that overtake others are delivered as they come, each with what is wrong.
func TestReorderedCiphertexts(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	g.talk(1)
	var bodies [][]byte
	base := g.script.sent.ID
	for i := range 4 {
		bodies = append(bodies, g.write(message.A_MSG{Body: fmt.Appendf(nil, "%d", i)}))
	}
	for _, i := range []int{2, 0, 3, 1} {
		g.script.out.post(bodies[i])
	}
	g.expectIntegrity(t, "2", message.Skipped, base+1, base+2)
	g.expectIntegrity(t, "0", message.BadID, base+1, base+1)
	g.expectIntegrity(t, "3", message.Skipped, base+2, base+3)
	g.expectIntegrity(t, "1", message.BadID, base+2, base+2)
	// The agent goes on from the last number that it saw, as the official one does.
	g.say(message.A_MSG{Body: []byte("4")})
	g.expectIntegrity(t, "4", message.Skipped, base+3, base+4)
	g.talk(2)
	require.Equal(t, agent.SyncOK, g.info(g.conn).Sync)
}

// A ciphertext that was altered shows as a problem of encryption, and the next good
// message as its end; the true one still decrypts.
func TestAlteredCiphertexts(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	g.talk(1)
	e := message.AgentMsgEnvelope{Encrypted: g.encrypt(g.numbered(message.A_MSG{Body: []byte("true")}), message.PaddedMessage(7, true))}
	envelope := func(encrypted []byte) []byte {
		return g.script.out.seal(sealing{}, message.Envelope{Version: 7, Content: message.AgentMsgEnvelope{Encrypted: encrypted}})
	}
	body := bytes.Clone(e.Encrypted)
	body[len(body)-1] ^= 1
	g.script.out.post(envelope(body))
	change := expect[agent.Synchronization](g.subject)
	require.Equal(t, agent.SyncAllowed, change.State)
	require.NotEmpty(t, change.Reason)
	require.Equal(t, agent.SyncAllowed, g.info(g.conn).Sync)
	g.script.out.post(envelope(body)) // the same again is nothing new
	g.send(g.conn, "sending goes on")
	hears[message.A_MSG](g.script)

	g.script.out.post(envelope(e.Encrypted))
	require.Equal(t, agent.SyncOK, expect[agent.Synchronization](g.subject).State)
	g.expectMessage(g.script.sent.ID, "true")
	g.talk(1)

	// A header that no key opens: nothing is sent until both have agreed, or one decrypts.
	header := g.write(message.A_MSG{Body: []byte("second")})
	g.script.out.post(envelope(randomHeader(t, e.Encrypted)))
	require.Equal(t, agent.SyncRequired, expect[agent.Synchronization](g.subject).State)
	_, err := g.Send(t.Context(), g.conn, []byte("not now"), agent.SendOptions{})
	require.ErrorIs(t, err, agent.ErrState)
	g.script.out.post(header)
	require.Equal(t, agent.SyncOK, expect[agent.Synchronization](g.subject).State)
	g.expectMessage(g.script.sent.ID, "second")
	g.talk(1)
}

// randomHeader changes the encrypted header of a message.
func randomHeader(t testing.TB, encrypted []byte) []byte {
	t.Helper()
	changed := bytes.Clone(encrypted)
	changed[200] ^= 1
	return changed
}

// Agent protocol, "A_RCVD message": number, hash and information of receipts.
func TestReceiptsOfTheAgent(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	for i := range 3 {
		body := message.A_MSG{Body: fmt.Appendf(nil, "text %d", i)}
		number := g.say(body)
		e := g.peek()
		info := fmt.Appendf(nil, "info %d", i)
		require.NoError(t, g.Ack(t.Context(), e, agent.AckOptions{Receipt: true, ReceiptInfo: info}))
		require.ErrorIs(t, g.Ack(t.Context(), e, agent.AckOptions{Receipt: true}), agent.ErrNotFound, "one receipt for one message")
		receipts, h := hears[message.A_RCVD](g.script)
		require.Equal(t, []message.Receipt{{ID: number, Hash: g.script.sent.Hash, Info: info}}, receipts.Receipts)
		require.False(t, h.notify)
	}
	g.talk(1)
}

// Receipts of the other side are matched with what was sent.
func TestReceiptsForTheAgent(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	var hashes [][]byte
	var numbers []int64
	for i := range 3 {
		numbers = append(numbers, g.send(g.conn, fmt.Sprint(i)))
		_, h := hears[message.A_MSG](g.script)
		hashes = append(hashes, h.hash)
	}
	receipt := func(i int) message.Receipt {
		return message.Receipt{ID: numbers[i], Hash: hashes[i], Info: []byte("seen")}
	}
	g.say(message.A_RCVD{Receipts: []message.Receipt{receipt(0)}})
	require.Equal(t, []agent.DeliveryReceipt{{MessageID: numbers[0], Intact: true, Info: []byte("seen")}},
		expect[agent.Delivered](g.subject).Receipts)

	// A second one, ones for what was never sent or is no message of the user: nothing.
	wrong := receipt(1)
	wrong.Hash = randomBytes(t, 32)
	g.say(message.A_RCVD{Receipts: []message.Receipt{receipt(0), {ID: 1, Hash: hashes[0]}, {ID: 1 << 40}, {ID: -5}}})
	g.say(message.A_RCVD{Receipts: []message.Receipt{{ID: 0}, wrong, receipt(2)}})
	require.Equal(t, []agent.DeliveryReceipt{
		{MessageID: numbers[1], Info: []byte("seen")}, {MessageID: numbers[2], Intact: true, Info: []byte("seen")},
	}, expect[agent.Delivered](g.subject).Receipts)
	g.say(message.A_RCVD{Receipts: []message.Receipt{receipt(1)}})
	require.Equal(t, []agent.DeliveryReceipt{{MessageID: numbers[1], Intact: true, Info: []byte("seen")}},
		expect[agent.Delivered](g.subject).Receipts, "a true receipt after a wrong one counts")
	g.talk(1)
}

// SMP, "Send message" and "SMP procedure": every message has a nonce of its own, all
// messages of a queue the same secret, and every queue another one.
func TestSecretsAndNonces(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	g.talk(5) // the script opens all of them with the secret of the confirmation
	secrets := [][]byte{g.in.peer.Raw()}
	for range 2 {
		g.script = newScript(t, g.far, role{})
		g.connectInviting()
		g.talk(2)
		secrets = append(secrets, g.in.peer.Raw())
	}
	for i := range secrets {
		require.False(t, slices.ContainsFunc(secrets[:i], func(b []byte) bool { return bytes.Equal(b, secrets[i]) }))
	}
	seen := map[string]bool{}
	varied := make([]map[byte]bool, box.NonceSize)
	for _, c := range g.commands("far", "SEND") {
		e, err := smp.DecodeEnvelope(c.content.(smp.SEND).Body)
		require.NoError(t, err)
		require.False(t, seen[string(e.Nonce[:])])
		seen[string(e.Nonce[:])] = true
		for i, b := range e.Nonce {
			if varied[i] == nil {
				varied[i] = map[byte]bool{}
			}
			varied[i][b] = true
		}
	}
	for i := range varied {
		require.Greater(t, len(varied[i]), 1, "byte %d of the nonces never changes", i)
	}
	require.Len(t, seen, 3+5+2+2)
}
