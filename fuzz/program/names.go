package program

import "fmt"

var kindNames = [...]string{
	Connect: "Connect", Close: "Close", Settle: "Settle", Stall: "Stall", PING: "PING", NEW: "NEW", SUB: "SUB",
	KEY: "KEY", SKEY: "SKEY", RKEY: "RKEY", SEND: "SEND", ACK: "ACK", GET: "GET", OFF: "OFF", DEL: "DEL",
	QUE: "QUE", NKEY: "NKEY", NDEL: "NDEL", NSUB: "NSUB", LSET: "LSET", LDEL: "LDEL", LKEY: "LKEY", LGET: "LGET",
	PRXY: "PRXY", PFWD: "PFWD", RFWD: "RFWD", SUBS: "SUBS", NSUBS: "NSUBS", RSLV: "RSLV",
}

var entityNames = [...]string{
	Own: "own", None: "none", RecipientID: "recipient-id", SenderID: "sender-id", NotifierID: "notifier-id",
	LinkID: "link-id", OtherQueue: "other-queue", RandomID: "random-id", PrefixID: "prefix-id",
}

var signerNames = [...]string{
	Right: "right", Nobody: "nobody", Recipient: "recipient", Sender: "sender", Notifier: "notifier",
	OtherSigner: "other", Stranger: "stranger", OldSession: "old-session",
}

var levelNames = [...]string{
	Order: "order", Record: "record", Hello: "hello", Block: "block", Content: "content",
	Transmission: "transmission", Field: "field", Cipher: "cipher",
}

var actionNames = [...]string{
	Flip: "flip", Set: "set", Boundary: "boundary", Insert: "insert", Remove: "remove", Truncate: "truncate",
	Extend: "extend", Repeat: "repeat", Word: "word", Empty: "empty",
}

var orderNames = [...]string{Twice: "twice", Pieces: "pieces", Reverse: "reverse", Half: "half", Later: "later"}

func name(names []string, i byte, what string) string {
	if int(i) < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s %d", what, i)
}

// String is the name of the kind: that of a command is its tag.
func (k Kind) String() string { return name(kindNames[:], byte(k), "kind") }

// IsCommand reports whether an operation of the kind sends a command.
func (k Kind) IsCommand() bool { return k >= PING && k < Kinds }

// String is the name of the entity, such as "sender-id".
func (e Entity) String() string { return name(entityNames[:], byte(e), "entity") }

// String is the name of the signer, such as "stranger".
func (s Signer) String() string { return name(signerNames[:], byte(s), "signer") }

// String is the name of the level, such as "block".
func (l Level) String() string { return name(levelNames[:], byte(l), "level") }

// ActionName is the name of the action of the mutation, such as "flip", or "twice" at
// level Order.
func (m Mutation) ActionName() string {
	if m.Level == Order {
		return orderNames[m.Action%OrderActions]
	}
	return name(actionNames[:], byte(m.Action), "action")
}

// ParseLevel returns the level with a name.
func ParseLevel(text string) (Level, error) {
	for i, n := range levelNames {
		if n == text {
			return Level(i), nil
		}
	}
	return 0, fmt.Errorf("%w: level %q", ErrText, text)
}
