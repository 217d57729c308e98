// Package program holds what the network fuzzer does to a relay: programs of a small
// bytecode. A program opens connections, makes queues, sends commands, and changes some
// of what it sends at a chosen level. It says nothing of keys, ids and nonces, which are
// new in each run; it names them by slots.
//
// Every sequence of bytes is a program (FromBytes), every program has one encoding
// (Encode, Decode), and every change of a program is made from a seed (Generate, Change).
package program

// Slots and sizes of programs.
const (
	// Connections is the number of connection slots.
	Connections = 4
	// Queues is the number of queue slots.
	Queues = 4
	// MaxOps is the most operations that a program has.
	MaxOps = 64
	// MaxMutations is the most mutations that an operation has.
	MaxMutations = 4
)

// Program is a sequence of operations.
type Program struct {
	Ops []Op
}

// Op is one operation: a command that is sent, or something done to a connection.
type Op struct {
	Kind Kind
	// Conn is the slot of the connection, 0 to Connections-1. One that is not open is
	// opened first, at the version of the run.
	Conn byte
	// Queue is the slot of the queue that the operation is about, 0 to Queues-1. A slot
	// without a queue stands for ids and keys that the relay has never seen.
	Queue byte
	// Entity chooses the entity id.
	Entity Entity
	// Signer chooses the key that authorizes.
	Signer Signer
	// Flags change when it is sent and what is waited for.
	Flags Flags
	// Arg is the argument of the Kind, such as the size of a message; see the kinds.
	Arg uint16
	// Mutations change what is sent, in this order.
	Mutations []Mutation
}

// Kind is what an operation does.
type Kind byte

// The kinds. Commands have the names of their tags.
const (
	// Connect opens the connection; one that is open is closed before. Arg: the low five
	// bits choose a version among those that the relay and the run have in common, 0 for
	// the newest; 0x20 sends no session key, 0x40 sets the proxy flag.
	Connect Kind = iota
	// Close closes the connection. Arg modulo 3: 0 orderly, 1 without a word, 2 by a reset.
	Close
	// Settle waits until the relay has answered a PING on each open connection that is
	// read, so that what was caused before has arrived.
	Settle
	// Stall leaves the connection unread until the operation after the next Settle, or the
	// end: what the relay sends stays where it is.
	Stall
	PING
	// NEW makes a queue in the slot. Arg: bit 0 subscribe, bits 1–2 mode (none, messaging,
	// contact, messaging with link data), bit 3 notifier keys, bits 4–5 algorithm of the
	// recipient's key (Ed25519, X25519, Ed448, Ed25519), bit 6 contact queue with link data.
	NEW
	SUB
	// KEY secures the queue with a sender's key of the slot; Arg modulo 4: Ed25519, X25519,
	// Ed448, another one of Ed25519.
	KEY
	// SKEY is KEY by the sender.
	SKEY
	// RKEY replaces the recipient keys; Arg+1 modulo 4 is their number. The first of them
	// is the one that authorizes from then on.
	RKEY
	// SEND sends a message. Arg is its size, modulo 16,100, bit 15 the notification flag.
	SEND
	// ACK acknowledges. Arg: 0 the last message received in the queue, 1 the one before,
	// 2 a message of another queue, 3 a random id, 4 an empty id; modulo 5.
	ACK
	GET
	OFF
	DEL
	QUE
	NKEY
	NDEL
	NSUB
	// LSET sets link data; Arg modulo 15,900 is the size of the user data.
	LSET
	LDEL
	LKEY
	LGET
	// PRXY asks for a session with a relay; Arg modulo 4 chooses: this relay, an address
	// where nobody listens, an unspecified address, a name that does not exist.
	PRXY
	// PFWD sends, through the session of the connection's last PRXY, the PING, SEND or SKEY
	// of the slot; Arg modulo 3.
	PFWD
	// RFWD sends the same as the proxy would, in the session of the connection itself.
	RFWD
	SUBS
	NSUBS
	// RSLV asks for a name; Arg chooses.
	RSLV
	// Kinds is the number of kinds.
	Kinds
)

// Entity chooses the entity id of a transmission.
type Entity byte

// The entities. Own is the one that the command is for.
const (
	Own Entity = iota
	None
	RecipientID
	SenderID
	NotifierID
	LinkID
	// OtherQueue is Own of the queue in the next slot.
	OtherQueue
	// RandomID has 24 random bytes.
	RandomID
	// PrefixID is Own with its last byte changed.
	PrefixID
	// Entities is the number of entities.
	Entities
)

// Signer chooses the key that authorizes a transmission.
type Signer byte

// The signers. Right is the one that the command is for.
const (
	Right Signer = iota
	Nobody
	Recipient
	Sender
	Notifier
	// OtherSigner is Right of the queue in the next slot.
	OtherSigner
	// Stranger is a new key.
	Stranger
	// OldSession is Right, for the session of another connection.
	OldSession
	// Signers is the number of signers.
	Signers
)

// Flags change when an operation is sent.
type Flags byte

// The flags.
const (
	// Hold keeps the transmission for the block of the next operation on the connection.
	Hold Flags = 1 << iota
	// Ahead does not wait for the answer before the next operation.
	Ahead
	// Often carries the operation out as if it stood Times times in the program. With
	// Hold the transmissions go into one block, as far as they fit.
	Often
	// AllFlags are the known flags.
	AllFlags = Hold | Ahead | Often
)

// Times is how often an operation with the flag Often is carried out.
const Times = 16

// Level is where a mutation changes what is sent, from the outside in.
type Level byte

// The levels.
const (
	// Order changes order and timing: what is sent twice, in pieces, late, or reversed.
	Order Level = iota
	// Record changes what goes over TCP: bytes of TLS records, the end in their middle.
	Record
	// Hello changes the content of the client's hello; for Connect only.
	Hello
	// Block changes the 16384 bytes inside TLS.
	Block
	// Content changes what is inside the encryption of the block: the length of its
	// content in bytes 0 and 1, the count in byte 2, then the lengths and the
	// transmissions. The length is made right again unless it is what is changed.
	Content
	// Transmission changes an encoded transmission inside a right block.
	Transmission
	// Field changes a field of the command, which is authorized afterwards.
	Field
	// Cipher changes a ciphertext in a command that is right otherwise: what PFWD and RFWD
	// carry, and of other commands the authorization. With an odd Field of the mutation it
	// is what PFWD and RFWD carry before it is encrypted.
	Cipher
	// Levels is the number of levels.
	Levels
)

// Mutation is one change.
type Mutation struct {
	Level  Level
	Action Action
	// Field is the index of the field in Fields of the command, at level Field; modulo
	// their number. With Fit in it, at that level, Hello and Transmission, only the field at
	// Position is changed, and the length before it is made that of what becomes of it.
	Field byte
	// Position is where, in bytes, modulo the length of what is changed; at level Order,
	// and in some actions, see there.
	Position uint16
	// Value is a byte, a length or a number, see the actions.
	Value uint16
}

// Fit is the bit of Field of a mutation that makes lengths fit.
const Fit = 0x80

// Fits reports whether the mutation makes the length before a field fit it.
func (m Mutation) Fits() bool {
	return m.Field&Fit != 0 && (m.Level == Field || m.Level == Hello || m.Level == Transmission)
}

// Index is the index of the field that the mutation changes, of n.
func (m Mutation) Index(n int) int { return int(m.Field&^Fit) % n }

// Action is how a mutation changes bytes.
type Action byte

// The actions.
const (
	// Flip inverts bit Value modulo 8 at Position.
	Flip Action = iota
	// Set writes the low byte of Value at Position. It, Boundary and Word never leave the
	// bytes as they were: if they would, the first one is inverted.
	Set
	// Boundary writes an extreme at Position: Value chooses among 0, 1, 0x7F, 0x80, 0xFF,
	// one more, one less; Value bit 8 as a word of two bytes, bit 9 as one of four.
	Boundary
	// Insert inserts Value modulo 512 bytes, one at least, random from the seed of the
	// run, at Position.
	Insert
	// Remove removes Value modulo 512 bytes at Position, one at least.
	Remove
	// Truncate cuts everything from Position on.
	Truncate
	// Extend appends Value modulo 1024 bytes, one at least.
	Extend
	// Repeat repeats Value modulo 512 bytes at Position once more, one at least.
	Repeat
	// Word writes an entry of the dictionary, chosen by Value, at Position.
	Word
	// Empty leaves nothing.
	Empty
	// Actions is the number of actions.
	Actions
)

// OrderActions at level Order: Action modulo their number.
const (
	// Twice sends the block twice.
	Twice Action = iota
	// Pieces sends the bytes of the block in two writes, cut at Position, Value modulo 50
	// milliseconds apart.
	Pieces
	// Reverse turns the order of the transmissions in the block round.
	Reverse
	// Half sends the bytes before Position and closes the connection.
	Half
	// Later sends after the next operation.
	Later
	// OrderActions is the number of actions at level Order.
	OrderActions
)
