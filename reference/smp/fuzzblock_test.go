package smp_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/fill"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

// FuzzDecodeBlock: what a relay and a client decode encodes to the same bytes, transmission by
// transmission, and a malformed one does not touch the others. Each has a result or a reason.
func FuzzDecodeBlock(f *testing.F) {
	for _, i := range seed.Spread(seed.Blocks()) {
		f.Add(i.Version, i.SessionID, i.Data)
	}
	v, err := vectors.Load("transmissions")
	if err != nil {
		f.Fatal(err)
	}
	for g, test := range v.All() {
		var in struct {
			Content   vectors.Hex `json:"content"`
			SessionID vectors.Hex `json:"session_id"`
			Version   uint16      `json:"version"`
		}
		if g.Name == "decode" && test.Inputs.Decode(&in) == nil {
			f.Add(in.Version, []byte(in.SessionID), []byte(in.Content))
		}
	}
	f.Fuzz(func(t *testing.T, version uint16, sessionID, content []byte) {
		var received []smp.ReceivedCommand
		var responses []smp.ReceivedResponse
		bound.Check(t, len(content), func() {
			received = smp.DecodeCommands(version, sessionID, content)
			responses = smp.DecodeResponses(version, sessionID, content)
		})
		items, err := smp.DecodeBlock(content)
		if err != nil {
			if len(received) != 1 || len(responses) != 1 {
				t.Fatalf("block with %v gave %v and %v", err, received, responses)
			}
			requireAnswer(t, received[0].Err, smp.ErrBlock)
			requireAnswer(t, responses[0].Err, smp.ErrBlock)
			return
		}
		block, err := smp.EncodeBlock(items...)
		if err != nil || !bytes.Equal(block, content) || len(received) != len(items) || len(responses) != len(items) {
			t.Fatalf("%x became %x, %v", content, block, err)
		}
		for i := range items {
			requireReceived(t, version, sessionID, items[i], &received[i], &responses[i])
		}
	})
}

// requireReceived checks what was decoded of one transmission.
func requireReceived(t *testing.T, version uint16, sessionID, item []byte, c *smp.ReceivedCommand, r *smp.ReceivedResponse) {
	if (r.Err == nil) == (r.Response == nil) || r.Err != nil && smp.AnswerTo(r.Err) == nil {
		t.Fatalf("response %#v and error %v", r.Response, r.Err)
	}
	if (c.Err == nil) == (c.Command == nil) || c.Err != nil && smp.AnswerTo(c.Err) == nil {
		t.Fatalf("command %#v and error %v", c.Command, c.Err)
	}
	if alone := smp.ReceiveCommand(version, sessionID, item); !reflect.DeepEqual(alone.Command, c.Command) || (alone.Err == nil) != (c.Err == nil) {
		t.Fatalf("alone the transmission is %#v, in its block %#v", alone, c)
	}
	if errors.Is(c.Err, smp.ErrBlock) || errors.Is(c.Err, smp.ErrSession) {
		if len(c.Transmission.EntityID) > 0 || len(c.Transmission.Command) > 0 {
			t.Fatalf("%v leaves %#v", c.Err, c.Transmission)
		}
		return
	}
	if b, err := c.Transmission.Encode(version); err != nil || !bytes.Equal(b, item) {
		t.Fatalf("%x became %x, %v", item, b, err)
	}
}

// FuzzDecodeTransmission: what decodes encodes to the same bytes, and has neither a service
// signature nor a session identifier at a version that does not send them.
func FuzzDecodeTransmission(f *testing.F) {
	addItems(f, seed.Transmission, "smp_transmission")
	f.Fuzz(func(t *testing.T, version uint16, b []byte) {
		var tr smp.Transmission
		var err error
		bound.Check(t, len(b), func() { tr, err = smp.DecodeTransmission(version, b) })
		if err != nil {
			requireAnswer(t, err, smp.ErrBlock)
			return
		}
		again, err := tr.Encode(version)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x became %x, %v", b, again, err)
		}
		requireForm(t, version, &tr)
		scheme, err := smp.SchemeOf(tr.Authorization)
		if (err == nil) != (map[int]bool{0: true, 64: true, 80: true, 114: true}[len(tr.Authorization)]) {
			t.Fatalf("%d bytes of authorization are scheme %d, %v", len(tr.Authorization), scheme, err)
		}
	})
}

func requireForm(t *testing.T, version uint16, tr *smp.Transmission) {
	t.Helper()
	if tr.ServiceSignature != nil && (version < smp.VersionServices || len(tr.ServiceSignature) != 64 || len(tr.Authorization) == 0) ||
		version >= smp.VersionAuthenticators && tr.SessionID != nil {
		t.Fatalf("version %d: %#v", version, tr)
	}
}

// FuzzTransmissionFields: a transmission comes back as it was, in a block and alone, and a
// reader at another version finds in it what its own version has. What is authorized is the
// same at every version.
func FuzzTransmissionFields(f *testing.F) {
	addData(f)
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		version := versionOf(n)
		tr := fill.Valid(data, version).Transmission()
		b, err := tr.Encode(version)
		if err != nil {
			t.Fatalf("version %d: %#v does not encode: %v", version, tr, err)
		}
		got, err := smp.DecodeTransmission(version, b)
		if err != nil || !reflect.DeepEqual(tr, got) {
			t.Fatalf("%#v became %#v, %v", tr, got, err)
		}
		content, err := tr.AppendBlock([]byte("before"), version)
		if err != nil {
			t.Fatal(err)
		}
		items, err := smp.DecodeBlock(content[len("before"):])
		if err != nil || len(items) != 1 || !bytes.Equal(items[0], b) {
			t.Fatalf("%x became %x, %v", b, items, err)
		}
		authorized, err := tr.Authorized([]byte("session"))
		if err != nil || !bytes.HasPrefix(authorized, []byte("\x07session")) || !bytes.HasSuffix(b, authorized[8:]) {
			t.Fatalf("%x is authorized, %x is sent, %v", authorized, b, err)
		}
		for reader := smp.MinVersion; reader <= smp.MaxVersion; reader++ {
			if got, err := smp.DecodeTransmission(reader, b); err == nil {
				requireForm(t, reader, &got)
			}
		}
	})
}

// FuzzBatch: transmissions of any lengths come out of the blocks of a batch in their order, no
// block is longer than the limit, and only those are left out that fit none.
func FuzzBatch(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 64, 0, 255, 255}, uint16(smp.EncryptedContent))
	f.Add(bytes.Repeat([]byte{0, 1}, 600), uint16(1000))
	f.Add([]byte{0, 8, 0, 7, 0, 6}, uint16(10))
	f.Fuzz(func(t *testing.T, lengths []byte, limit uint16) {
		if len(lengths) > 2000 {
			return
		}
		var items [][]byte
		size := 0
		for ; len(lengths) >= 2 && size < 1<<19; lengths = lengths[2:] {
			item := bytes.Repeat([]byte{byte(len(items))}, int(lengths[0])<<8|int(lengths[1]))
			items, size = append(items, item), size+len(item)
		}
		next := 0
		for _, block := range smp.Batch(items, int(limit)) {
			if block.First != next || block.Count < 1 {
				t.Fatalf("block of %d from %d, expected from %d", block.Count, block.First, next)
			}
			part := items[next : next+block.Count]
			next += block.Count
			if block.Err != nil {
				if len(part) != 1 || 3+len(part[0]) <= int(limit) || block.Content != nil {
					t.Fatalf("%d transmissions of %d bytes: %v", len(part), len(part[0]), block.Err)
				}
				continue
			}
			got, err := smp.DecodeBlock(block.Content)
			if err != nil || !reflect.DeepEqual(got, part) || len(block.Content) > int(limit) {
				t.Fatalf("block of %d bytes: %v", len(block.Content), err)
			}
		}
		if next != len(items) {
			t.Fatalf("%d of %d transmissions are in blocks", next, len(items))
		}
	})
}
