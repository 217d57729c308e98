package client_test

import (
	"testing"
	"testing/synctest"
	"time"

	"smpcheck/reference/client"
	"smpcheck/reference/smp"
)

// FuzzBlock gives a client that waits for an answer any content of a block. The
// command ends, and so does everything that the client started.
func FuzzBlock(f *testing.F) {
	f.Add(uint8(18), []byte{})
	f.Add(uint8(18), []byte{0})
	f.Add(uint8(6), []byte("\x01\x00\x05\x00\x00\x00\x00OK"))
	f.Add(uint8(18), []byte("\x01\x00\x07\x00\x00\x01qEND"))
	f.Add(uint8(18), []byte("\x01\x00\x0c\x00\x00\x00ERR BLOCK"))
	f.Add(uint8(20), []byte("\x02\x00\x07\x00\x00\x00ALLS\x00\x03\x00\x01x"))
	f.Fuzz(func(t *testing.T, version uint8, content []byte) {
		if len(content) > smp.EncryptedContent {
			return
		}
		credentials()
		synctest.Test(t, func(t *testing.T) {
			v := smp.MinVersion + uint16(version)%(smp.MaxVersion-smp.MinVersion+1)
			c, relay := connect(t, v, client.Config{CommandTimeout: time.Second})
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
