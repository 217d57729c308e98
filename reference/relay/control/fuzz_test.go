package control

import (
	"bytes"
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// FuzzReadRequest: a line is a request in its one form or refused, and never read beyond its
// limit or its end.
func FuzzReadRequest(f *testing.F) {
	seconds := int64(3600)
	for _, r := range []Request{
		{Command: CommandStats}, {Command: CommandUnblock, Queue: "AQID"},
		{Command: CommandBlock, Queue: EncodeID([]byte("queue")), Relay: keys.FingerprintOf(nil).String(), Reason: smp.BlockedSpam, NoticeSeconds: &seconds},
	} {
		line, err := json.Marshal(r)
		require.NoError(f, err)
		f.Add(append(line, '\n'))
		f.Add(append(line, " {}\n"...))
		f.Add(line)
	}
	f.Add([]byte("{\"command\":\"stats\",\"other\":1}\n"))
	f.Add([]byte(strings.Repeat("[", 4000) + "\n"))
	f.Fuzz(func(t *testing.T, line []byte) {
		var request Request
		var err error
		rest := bytes.NewReader(line)
		bound.Check(t, len(line), func() {
			request = Request{}
			rest.Reset(line)
			err = readLine(rest, maxRequest, &request)
		})
		require.GreaterOrEqual(t, rest.Len(), len(line)-maxRequest)
		if err != nil {
			require.ErrorIs(t, err, ErrMessage)
			return
		}
		require.LessOrEqual(t, bytes.IndexByte(line, '\n'), maxRequest)
		var written bytes.Buffer
		require.NoError(t, writeLine(&written, request))
		var again Request
		require.NoError(t, readLine(&written, maxResponse, &again))
		require.Equal(t, request, again)
	})
}

// FuzzReadResponse: a line is a response in its one form or refused.
func FuzzReadResponse(f *testing.F) {
	for _, r := range []Response{{}, {Error: "no"}, {Stats: statsOf(relay.Stats{Uptime: time.Minute, Queues: 3, Commands: map[string]uint64{"SEND": 1 << 63}})}} {
		line, err := json.Marshal(r)
		require.NoError(f, err)
		f.Add(append(line, '\n'))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var response Response
		var err error
		bound.Check(t, len(line), func() {
			response = Response{}
			err = readLine(bytes.NewReader(line), maxResponse, &response)
		})
		if err != nil {
			require.ErrorIs(t, err, ErrMessage)
			return
		}
		var written bytes.Buffer
		require.NoError(t, writeLine(&written, response))
		var again Response
		require.NoError(t, readLine(&written, 2*maxResponse, &again))
		require.Equal(t, response, again)
	})
}

// FuzzDecodeID: what is an id has one text without '=', which is the same id.
func FuzzDecodeID(f *testing.F) {
	for _, text := range []string{"", "AQID", "AQI=", "AQI", "AQJ", "====", "A", "A\nQID", EncodeID(make([]byte, 255)), EncodeID(make([]byte, 256))} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var id []byte
		var err error
		bound.Check(t, len(text), func() { id, err = DecodeID(text) })
		if err != nil {
			require.ErrorIs(t, err, ErrMessage)
			return
		}
		require.True(t, len(id) > 0 && len(id) <= maxID)
		require.Equal(t, EncodeID(id), strings.TrimRight(text, "="))
		again, err := DecodeID(EncodeID(id))
		require.NoError(t, err)
		require.Equal(t, id, again)
	})
}

// aRelay is a relay that notes what it is told.
type aRelay struct{ blocked []smp.BlockingInfo }

func (*aRelay) Fingerprint() keys.Fingerprint { return keys.FingerprintOf([]byte("relay")) }

func (r *aRelay) Block(_ []byte, info smp.BlockingInfo) error {
	r.blocked = append(r.blocked, info)
	return nil
}

func (*aRelay) Unblock([]byte) error { return relay.ErrNotBlocked }

func (*aRelay) Stats() relay.Stats { return relay.Stats{} }

// FuzzServe gives the socket any line: it is answered with one line, and the connection ends.
func FuzzServe(f *testing.F) {
	for _, line := range []string{
		"{\"command\":\"stats\"}\n", "{\"command\":\"block\",\"queue\":\"AQID\",\"reason\":\"spam\"}\n", "{\"command\":\"unblock\",\"queue\":\"AQID\"}\n",
		"{\"command\":\"block\",\"queue\":\"\"}\n", "{\"command\":\"\"}\n", "{}\n", "\n", "[]\nmore",
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if !bytes.Contains(line[:min(len(line), maxRequest)], []byte("\n")) && len(line) < maxRequest {
			line = append(line, '\n') // otherwise it waits for more
		}
		near, far := net.Pipe()
		defer near.Close()
		r := new(aRelay)
		served := make(chan struct{})
		go func() {
			defer close(served)
			serve(t.Context(), far, r)
		}()
		go func() { _, _ = near.Write(line) }() // it is not read to its end
		var response Response
		err := readLine(near, maxResponse, &response)
		<-served
		require.NoError(t, err)
		require.False(t, len(r.blocked) > 0 && response.Error != "")
		require.False(t, response.Stats != nil && response.Error != "")
	})
}
