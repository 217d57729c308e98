// Package trace records what a case sends and receives, and decodes it for a report:
// blocks, transmissions, commands and whatever the runner can decrypt.
//
// While a case runs, a Recorder keeps bytes and times within bounds, which costs little.
// Only a report that needs the conversation has it decoded, by Recording.Decode. Private
// keys are kept in memory for that and are never part of the result, nor are passwords.
package trace

// Trace is the decoded conversation of one run of a case.
type Trace struct {
	// Connections are in the order of their numbers.
	Connections []Connection `json:"connections"`
	// Events are in the order of time.
	Events []Event `json:"events"`
	// LeftOut is how many events were not kept. The numbers of the others show where.
	LeftOut int `json:"left_out"`
}

// Connection is one connection between the runner and the relay under test.
type Connection struct {
	// Number counts from 1.
	Number int `json:"number"`
	// Role is the party that the runner plays, such as "recipient and sender"; "client"
	// if the conversation shows none.
	Role string `json:"role"`
	// Version is the SMP version that was spoken, 0 before any hello.
	Version uint16 `json:"version"`
}

// Event is something that happened, the outermost Layer of it.
type Event struct {
	// Number counts from 1, events that were left out too.
	Number int `json:"number"`
	// AtMS is the time since the start of the case, in milliseconds.
	AtMS float64 `json:"at_ms"`
	// Connection is the number of a Connection, 0 for none.
	Connection int       `json:"connection"`
	Direction  Direction `json:"direction"`
	Layer
}

// Layer is something decoded, and what is inside it.
type Layer struct {
	Kind Kind `json:"kind"`
	// Summary is one line, such as "SEND, Ed25519, 16,048 bytes". It may hold characters
	// that the relay chose.
	Summary string  `json:"summary"`
	Fields  []Field `json:"fields"`
	// Error says why the bytes do not decode; empty if they do.
	Error string `json:"error"`
	// Size is the number of bytes of the layer, 0 for none.
	Size int `json:"size"`
	// Hex is the start of these bytes, up to the limit of Decode; empty for the layers
	// whose bytes stand in those of the layer around them. The bytes of passwords are
	// replaced by 2a.
	Hex string `json:"hex"`
	// Layers are those inside, the outermost first.
	Layers []Layer `json:"layers"`
}

// Field is a part of a layer in words: ids and fingerprints of keys by their start,
// bodies and secrets by their size.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Direction says which way something went.
type Direction string

// The directions. Note is for events that went nowhere.
const (
	// Sent went from the runner to the relay under test.
	Sent Direction = "sent"
	// Received came from the relay under test.
	Received Direction = "received"
	Note     Direction = "note"
)

// Kind names what a layer is.
type Kind string

// The kinds of events.
const (
	// KindTCP is the beginning or the end of a connection.
	KindTCP Kind = "tcp"
	// KindTLS is a TLS handshake, done or failed.
	KindTLS Kind = "tls"
	// KindHandshake is a hello of SMP, or the relay's answer to a service.
	KindHandshake Kind = "handshake"
	// KindBlock is a block with transmissions, or bytes that are none.
	KindBlock Kind = "block"
	// KindNote is a remark.
	KindNote Kind = "note"
)

// The kinds of layers inside a block.
const (
	KindTransmission Kind = "transmission"
	KindCommand      Kind = "command"
	KindResponse     Kind = "response"
	// KindMessage is the decrypted body of MSG.
	KindMessage Kind = "message"
	// KindNotification is the decrypted metadata of NMSG.
	KindNotification Kind = "notification"
	// KindForwarded is what PFWD, RFWD, PRES or RRES have encrypted.
	KindForwarded Kind = "forwarded"
)
