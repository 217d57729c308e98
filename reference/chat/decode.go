package chat

import (
	"encoding/json"
	"fmt"

	"smpcheck/reference/wire"
)

// eventFileChunk is the event of a binary message.
const eventFileChunk = "F"

// Decode reads the body of a message of the agent. A batch may hold messages that cannot be
// read: then the others are returned together with the error.
//
// The error is ErrNotChat if the body has none of the forms of a chat message, ErrMalformed
// if a message in it is not as its event has to be, ErrCompressed for a frame that does not
// decode, and ErrTooLarge for more than MaxDecompressed bytes.
func Decode(body []byte) ([]Message, error) {
	list, err := read(body)
	failed := failures{first: err}
	messages := make([]Message, 0, len(list))
	for _, m := range list {
		message, err := m.message()
		if err != nil {
			failed.add(err)
			continue
		}
		messages = append(messages, message)
	}
	return messages, failed.first
}

// failures keeps the first error, so that a batch of bad messages makes no long one.
type failures struct{ first error }

func (f *failures) add(err error) {
	if f.first == nil {
		f.first = err
	}
}

// read returns the messages of a body that can be read, and the first error.
func read(body []byte) ([]received, error) {
	if len(body) > MaxDecompressed {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(body))
	}
	if len(body) == 0 || body[0] != compressedBody {
		return readPart(body)
	}
	parts, err := decompress(body[1:])
	if err != nil {
		return nil, err
	}
	var list []received
	var failed failures
	for _, part := range parts {
		messages, err := readPart(part)
		list = append(list, messages...)
		failed.add(err)
	}
	return list, failed.first
}

// readPart reads a body that is not compressed.
func readPart(b []byte) ([]received, error) {
	elements, err := split(b)
	if err != nil {
		return nil, err
	}
	list := make([]received, 0, len(elements))
	var failed failures
	for _, element := range elements {
		m, err := element()
		if err != nil {
			failed.add(err)
			continue
		}
		list = append(list, m)
	}
	return list, failed.first
}

// element reads one message of a batch.
type element func() (received, error)

// split returns the messages of a body: those of an array, of a binary batch, or one.
func split(b []byte) ([]element, error) {
	if len(b) == 0 {
		return nil, fmt.Errorf("%w: empty", ErrNotChat)
	}
	switch b[0] {
	case '[':
		return splitArray(b)
	case '=':
		return splitBatch(b[1:])
	}
	return []element{func() (received, error) { return readElement(wire.NewReader(b), false) }}, nil
}

func splitArray(b []byte) ([]element, error) {
	var items []json.RawMessage
	if json.Unmarshal(b, &items) != nil {
		return nil, fmt.Errorf("%w: not a JSON array", ErrNotChat)
	}
	elements := make([]element, len(items))
	for i, item := range items {
		elements[i] = func() (received, error) { return parseEnvelope(item) }
	}
	return elements, nil
}

func splitBatch(b []byte) ([]element, error) {
	r := wire.NewReader(b)
	var elements []element
	for count := r.Byte(); count > 0 && r.Err() == nil; count-- {
		item := r.Large()
		elements = append(elements, func() (received, error) { return readElement(wire.NewReader(item), false) })
	}
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("%w: batch: %w", ErrNotChat, err)
	}
	return elements, nil
}

// readElement reads a message that is not in an array. Forwarded says that it stands in a
// message that a group forwards, which cannot be repeated.
func readElement(r *wire.Reader, forwarded bool) (received, error) {
	mark, _ := r.Peek()
	switch {
	case mark == '{':
		b := r.Rest()
		if !json.Valid(b) {
			return received{}, fmt.Errorf("%w: not JSON", ErrNotChat)
		}
		return parseEnvelope(b)
	case r.Literal("F"):
		return readFileChunk(r)
	case r.Literal("/"):
		return readSigned(r)
	case r.Literal(">") && !forwarded:
		return readForwarded(r)
	}
	return received{}, fmt.Errorf("%w: unknown form", ErrNotChat)
}

// readFileChunk reads a chunk of a file: an identifier that is not used, the identifier of
// the message with the file, and the number and bytes of the chunk.
func readFileChunk(r *wire.Reader) (received, error) {
	r.Short()
	r.Short()
	r.Byte()
	r.Rest()
	if err := r.Close(); err != nil {
		return received{}, fmt.Errorf("%w: chunk of a file: %w", ErrNotChat, err)
	}
	return received{event: eventFileChunk, versions: initialVersions}, nil
}

// readSigned reads a signed message: what it is bound to, the signatures, each with the
// name of its key, and the JSON.
func readSigned(r *wire.Reader) (received, error) {
	known := r.Literal("G")
	count := r.Byte()
	known = known && count > 0
	for ; known && count > 0; count-- {
		known = r.Literal("M")
		r.Short()
	}
	if err := r.Err(); err != nil || !known {
		return received{}, fmt.Errorf("%w: signatures of a group", ErrNotChat)
	}
	m, err := parseEnvelope(r.Rest())
	m.group = true
	return m, err
}

// readForwarded reads a forwarded message: the member that sent it, with its name, or the
// channel, then the time, and the message, which may be signed.
func readForwarded(r *wire.Reader) (received, error) {
	if r.Literal("M") {
		r.Short()
		r.Short()
	} else if !r.Literal("C") {
		return received{}, fmt.Errorf("%w: forwarded for neither a member nor a channel", ErrNotChat)
	}
	r.Int64()
	m, err := readElement(r, true)
	m.group = true
	return m, err
}
