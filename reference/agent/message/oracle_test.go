package message_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// The tests of this file run the records of the official implementation. Each group is
// walked whole: a record that no branch knows fails its test.

// group returns the tests of a group of the file agent, at least as many as known now.
func group(t *testing.T, name string, atLeast int) []vectors.Test {
	t.Helper()
	f, err := vectors.Load("agent")
	require.NoError(t, err)
	g, ok := f.Group(name)
	require.True(t, ok, "no group %s", name)
	require.GreaterOrEqual(t, len(g.Tests), atLeast)
	return g.Tests
}

// output returns the bytes that a test expects.
func output(t *testing.T, test vectors.Test) []byte {
	t.Helper()
	var out vectors.Hex
	require.NoError(t, test.Output.Decode(&out))
	return out
}

// fields are the inputs that describe an AMessage.
type fields struct {
	Body          *vectors.Hex
	LastDecrypted *int64 `json:"last_decrypted_msg_id"`
	Receipts      []struct {
		ID   int64       `json:"agent_msg_id"`
		Hash vectors.Hex `json:"msg_hash"`
		Info vectors.Hex
	}
	Queues []struct {
		Primary bool
		address
	}
	address
	QueueURI         string      `json:"queue_uri"`
	ReplacedServer   string      `json:"replaced_server"`
	ReplacedSenderID vectors.Hex `json:"replaced_sender_id"`
	QueueInfo        vectors.Hex `json:"queue_info"`
	SenderAuthKey    vectors.Hex `json:"sender_auth_key"`
}

type address struct {
	Server   string
	SenderID vectors.Hex `json:"sender_id"`
}

func (a address) value(t *testing.T) message.QueueAddress {
	t.Helper()
	server, err := link.ParseServer(a.Server)
	require.NoError(t, err)
	return message.QueueAddress{Server: server, SenderID: a.SenderID}
}

// value returns the AMessage whose name stands in the id of a test.
func (f fields) value(t *testing.T, id string) message.AMessage {
	t.Helper()
	name, _, _ := strings.Cut(strings.SplitN(id, "/", 2)[1], "/")
	kind, _, _ := strings.Cut(name, " ")
	switch kind {
	case "HELLO":
		return message.HELLO{}
	case "A_MSG", "first":
		require.NotNil(t, f.Body, id)
		return message.A_MSG{Body: *f.Body}
	case "A_RCVD":
		var m message.A_RCVD
		for _, r := range f.Receipts {
			m.Receipts = append(m.Receipts, message.Receipt{ID: r.ID, Hash: r.Hash, Info: r.Info})
		}
		return m
	case "EREADY":
		require.NotNil(t, f.LastDecrypted, id)
		return message.EREADY{LastDecrypted: *f.LastDecrypted}
	case "A_QCONT":
		return message.A_QCONT{Queue: f.address.value(t)}
	case "QADD":
		return f.added(t)
	case "QKEY":
		key, err := keys.ParsePublic(f.SenderAuthKey)
		require.NoError(t, err, id)
		return message.QKEY{Queues: []message.QueueKey{{Queue: queueInfo(t, f.QueueInfo), SenderKey: key}}}
	case "QUSE":
		var m message.QUSE
		for _, q := range f.Queues {
			m.Queues = append(m.Queues, message.ReadyQueue{Queue: q.value(t), Primary: q.Primary})
		}
		return m
	case "QTEST":
		return message.QTEST{Queues: []message.QueueAddress{f.address.value(t)}}
	}
	require.Fail(t, "no such message", id)
	return nil
}

func (f fields) added(t *testing.T) message.QADD {
	t.Helper()
	uri, err := link.ParseQueueURI(f.QueueURI)
	require.NoError(t, err)
	added := message.AddedQueue{Queue: uri}
	if f.ReplacedServer != "" {
		replaced := address{f.ReplacedServer, f.ReplacedSenderID}.value(t)
		added.Replaced = &replaced
	}
	return message.QADD{Queues: []message.AddedQueue{added}}
}

// queueInfo decodes the whole of b.
func queueInfo(t *testing.T, b []byte) link.QueueInfo {
	t.Helper()
	r := wire.NewReader(b)
	q := link.ReadQueueInfo(r)
	require.NoError(t, r.Close())
	return q
}

func TestOracleAMessages(t *testing.T) {
	t.Parallel()
	for _, test := range group(t, "a_message", 9) {
		require.False(t, test.Invalid(), test.ID)
		var in fields
		require.NoError(t, test.Inputs.Decode(&in))
		want := output(t, test)
		value := in.value(t, test.ID)
		got, err := message.EncodeAMessage(value)
		require.NoError(t, err, test.ID)
		assert.Equal(t, hex.EncodeToString(want), hex.EncodeToString(got), test.ID)
		decoded, err := message.DecodeAMessage(want)
		require.NoError(t, err, test.ID)
		assert.Equal(t, value, decoded, test.ID)
	}
}

func TestOracleMessages(t *testing.T) {
	t.Parallel()
	ran := map[string]int{}
	for _, test := range group(t, "agent_message", 76) {
		kind := strings.Split(test.ID, "/")[1]
		switch kind {
		case "parse":
			oracleParse(t, test)
		case "reply ambiguity":
			oracleAmbiguity(t, test)
		case "conn info", "conn info reply", "ratchet info":
			oracleInfo(t, test, kind)
		default:
			kind = "numbered"
			oracleNumbered(t, test)
		}
		ran[kind]++
	}
	for kind, n := range map[string]int{"parse": 9, "reply ambiguity": 33, "conn info": 1, "conn info reply": 16, "ratchet info": 1, "numbered": 16} {
		assert.GreaterOrEqual(t, ran[kind], n, kind)
	}
}

func oracleParse(t *testing.T, test vectors.Test) {
	t.Helper()
	var in struct{ Bytes vectors.Hex }
	require.NoError(t, test.Inputs.Decode(&in))
	m, err := message.DecodeMessage(in.Bytes)
	if test.Invalid() {
		require.ErrorIs(t, err, message.ErrMessage, test.ID)
		require.Nil(t, m, test.ID)
		return
	}
	require.NoError(t, err, test.ID)
	requireEncodes(t, test.ID, m, output(t, test))
}

// requireEncodes encodes m and expects want.
func requireEncodes(t *testing.T, id string, m message.Message, want []byte) {
	t.Helper()
	got, err := message.EncodeMessage(m)
	require.NoError(t, err, id)
	require.Equal(t, hex.EncodeToString(want), hex.EncodeToString(got), id)
}

func oracleNumbered(t *testing.T, test vectors.Test) {
	t.Helper()
	var in struct {
		ID           int64       `json:"snd_msg_id"`
		PreviousHash vectors.Hex `json:"prev_msg_hash"`
		fields
	}
	require.NoError(t, test.Inputs.Decode(&in))
	header := message.Header{ID: in.ID, PreviousHash: in.PreviousHash}
	want := output(t, test)
	m := message.AgentMessage{Header: header, Body: in.value(t, test.ID)}
	requireEncodes(t, test.ID, m, want)
	decoded, err := message.DecodeMessage(want)
	require.NoError(t, err, test.ID)
	require.Equal(t, m, decoded, test.ID)
}

func oracleInfo(t *testing.T, test vectors.Test, kind string) {
	t.Helper()
	var in struct {
		Info      vectors.Hex
		ConnInfo  vectors.Hex `json:"conn_info"`
		QueueInfo vectors.Hex `json:"queue_info"`
	}
	require.NoError(t, test.Inputs.Decode(&in))
	want := output(t, test)
	again := want
	if test.DecodedAgain != "" {
		var err error
		again, err = hex.DecodeString(test.DecodedAgain)
		require.NoError(t, err, test.ID)
	}
	var m message.Message
	switch kind {
	case "conn info":
		m = message.AgentConnInfo{Info: in.ConnInfo}
	case "ratchet info":
		m = message.AgentRatchetInfo{Info: in.Info}
	default:
		m = message.AgentConnInfoReply{Queues: []link.QueueInfo{queueInfo(t, in.QueueInfo)}, Info: in.ConnInfo}
	}
	requireEncodes(t, test.ID, m, want)
	decoded, err := message.DecodeMessage(want)
	require.NoError(t, err, test.ID)
	requireEncodes(t, test.ID, decoded, again)
}

// A connection info after a queue without mode may lose its first letter: the decoder
// has to find what the official one finds.
func oracleAmbiguity(t *testing.T, test vectors.Test) {
	t.Helper()
	var in struct {
		ClientVersion uint16      `json:"client_version"`
		ConnInfo      vectors.Hex `json:"conn_info"`
		QueueInfo     vectors.Hex `json:"queue_info"`
		QueueMode     *string     `json:"queue_mode"`
	}
	require.NoError(t, test.Inputs.Decode(&in))
	require.NotNil(t, test.Decoded, test.ID)
	queue := queueInfo(t, in.QueueInfo)
	require.Equal(t, in.ClientVersion, queue.Version, test.ID)
	queue.Mode = queueMode(t, in.QueueMode)
	want := output(t, test)
	requireEncodes(t, test.ID, message.AgentConnInfoReply{Queues: []link.QueueInfo{queue}, Info: in.ConnInfo}, want)

	m, err := message.DecodeMessage(want)
	require.NoError(t, err, test.ID)
	require.IsType(t, message.AgentConnInfoReply{}, m, test.ID)
	reply := m.(message.AgentConnInfoReply)
	require.Len(t, reply.Queues, 1, test.ID)
	require.Equal(t, []byte(test.Decoded.ConnInfo), reply.Info, test.ID)
	require.Equal(t, queueMode(t, test.Decoded.QueueMode), reply.Queues[0].Mode, test.ID)
}

func queueMode(t *testing.T, letter *string) smp.QueueMode {
	t.Helper()
	if letter == nil {
		return 0
	}
	require.Len(t, *letter, 1)
	return smp.QueueMode((*letter)[0])
}

func TestOracleQueueInfo(t *testing.T) {
	t.Parallel()
	for _, test := range group(t, "queue_info", 17) {
		require.False(t, test.Invalid(), test.ID)
		var in struct {
			ClientVersion uint16      `json:"client_version"`
			DHKey         vectors.Hex `json:"dh_key"`
			QueueMode     *string     `json:"queue_mode"`
			address
		}
		require.NoError(t, test.Inputs.Decode(&in))
		key, err := keys.ParsePublic(in.DHKey)
		require.NoError(t, err, test.ID)
		a := in.value(t)
		queue := link.QueueInfo{Version: in.ClientVersion}
		queue.Server, queue.SenderID, queue.DHKey, queue.Mode = a.Server, a.SenderID, key, queueMode(t, in.QueueMode)
		want := output(t, test)
		requireQueueInfo(t, test.ID, queue, hex.EncodeToString(want))
		requireQueueInfo(t, test.ID, queueInfo(t, want), test.DecodedAgain)
	}
}

// requireQueueInfo encodes q and expects the bytes that want has in hexadecimal form.
func requireQueueInfo(t *testing.T, id string, q link.QueueInfo, want string) {
	t.Helper()
	w := wire.NewWriter(nil)
	q.Write(w)
	got, err := w.Bytes()
	require.NoError(t, err, id)
	require.Equal(t, want, hex.EncodeToString(got), id)
}
