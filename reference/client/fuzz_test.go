package client_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"smpcheck/fuzz/seed"
	"smpcheck/reference/client"
	"smpcheck/reference/smp"
)

// versionOf maps a number to a version of the protocol.
func versionOf(n uint8) uint16 { return smp.MinVersion + uint16(n)%(smp.MaxVersion-smp.MinVersion+1) }

// FuzzBlock gives a client that waits for an answer any content of a block. The
// command ends, and so does everything that the client started.
func FuzzBlock(f *testing.F) {
	f.Add(uint8(18), []byte{})
	f.Add(uint8(18), []byte{0})
	f.Add(uint8(6), []byte("\x01\x00\x05\x00\x00\x00\x00OK"))
	f.Add(uint8(18), []byte("\x01\x00\x07\x00\x00\x01qEND"))
	f.Add(uint8(18), []byte("\x01\x00\x0c\x00\x00\x00ERR BLOCK"))
	f.Add(uint8(20), []byte("\x02\x00\x07\x00\x00\x00ALLS\x00\x03\x00\x01x"))
	for _, i := range seed.Spread(seed.Of(seed.ResponseBlock)) {
		f.Add(uint8(i.Version-smp.MinVersion), i.Data)
	}
	f.Fuzz(func(t *testing.T, version uint8, content []byte) {
		if len(content) > smp.EncryptedContent {
			return
		}
		credentials()
		synctest.Test(t, func(t *testing.T) {
			c, relay := connect(t, versionOf(version), client.Config{CommandTimeout: time.Second})
			done := async(func() error { return c.Ping(t.Context()) })
			relay.command()
			if err := relay.conn.WriteBlock(content); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err == nil {
				t.Fatal("PING was answered by a block that cannot know its correlation id")
			}
		})
	})
}

// stored is a type whose values an application keeps.
type stored interface {
	MarshalBinary() ([]byte, error)
}

// FuzzStoredQueues: what is a stored queue, sender's queue or notifier is stored as the same
// bytes, and is one of the three only.
func FuzzStoredQueues(f *testing.F) {
	for _, i := range seed.Spread(seed.Of(seed.Response)) {
		f.Add(append([]byte("q"), i.Data...))
	}
	key := bytes.Repeat([]byte{7}, 32)
	der := append([]byte("\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"), key...)
	private := append([]byte{byte(len(der))}, der...)
	f.Add(bytes.Join([][]byte{[]byte("q\x01r\x01s"), private, []byte("M"), key}, nil))
	f.Add(bytes.Join([][]byte{[]byte("s\x01s"), private}, nil))
	f.Add([]byte("s\x01s\x00"))
	f.Add(bytes.Join([][]byte{[]byte("n\x01n"), private, key}, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var q client.Queue
		var s client.SenderQueue
		var n client.Notifier
		read := 0
		for _, each := range []struct {
			read  func([]byte) error
			value func() stored
		}{
			{q.UnmarshalBinary, func() stored { return q }},
			{s.UnmarshalBinary, func() stored { return s }},
			{n.UnmarshalBinary, func() stored { return n }},
		} {
			if each.read(b) != nil {
				continue
			}
			read++
			if again, err := each.value().MarshalBinary(); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("%x became %x, %v", b, again, err)
			}
		}
		if read > 1 {
			t.Fatalf("%x is %d things", b, read)
		}
	})
}
