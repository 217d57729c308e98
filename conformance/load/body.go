package load

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
)

// MinSize is the size of the smallest body: the header that names the message.
const MinSize = 16

// poolSize is how many random bytes bodies are cut from.
const poolSize = 1 << 16

// bodies makes message bodies and recognises them: a header of the run, the queue and
// the number of the message in the queue, 4, 4 and 8 bytes, then random bytes that
// depend on the number.
type bodies struct {
	run  uint32
	size int
	pool [poolSize]byte
}

func newBodies(seed uint64, run uint32, size int) *bodies {
	b := &bodies{run: run, size: size}
	source := rand.New(rand.NewPCG(seed, 'b'))
	for i := 0; i < poolSize; i += 8 {
		binary.LittleEndian.PutUint64(b.pool[i:], source.Uint64())
	}
	return b
}

// append appends the body of a message to dst.
func (b *bodies) append(dst []byte, queue uint32, number uint64) []byte {
	dst = binary.BigEndian.AppendUint32(dst, b.run)
	dst = binary.BigEndian.AppendUint32(dst, queue)
	dst = binary.BigEndian.AppendUint64(dst, number)
	return append(dst, b.filling(queue, number)...)
}

// filling is what follows the header.
func (b *bodies) filling(queue uint32, number uint64) []byte {
	n := b.size - MinSize
	at := (uint64(queue)*7919 + number*4099) % uint64(poolSize-n)
	return b.pool[at:][:n]
}

// number returns the number of a message of the queue. It is false for a body of another
// run or queue, or of other bytes than were sent.
func (b *bodies) number(body []byte, queue uint32) (uint64, origin) {
	if len(body) < MinSize {
		return 0, changed
	}
	number := binary.BigEndian.Uint64(body[8:])
	switch {
	case binary.BigEndian.Uint32(body) != b.run || binary.BigEndian.Uint32(body[4:]) != queue:
		return 0, foreign
	case !bytes.Equal(body[MinSize:], b.filling(queue, number)):
		return 0, changed
	}
	return number, own
}

// origin is where a body comes from.
type origin int

const (
	own     origin = iota // it was made for the queue
	foreign               // it was made for another queue, or by somebody else
	changed               // it is not what was made
)
