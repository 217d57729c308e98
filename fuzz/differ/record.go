package differ

// record is what one relay has shown in a run, without anything that is new in each run.
type record struct {
	// exchanges are what was sent, in its order, with the answers.
	exchanges []*exchange
	// checkpoints are what was delivered until everything had settled, each time.
	checkpoints []checkpoint
}

// exchange is a transmission, or a block that is none, and its answer.
type exchange struct {
	// op is the index of the operation, place that of the transmission in its block.
	op, place int
	// command is the tag as it was intended.
	command string
	// sent says what the relay must see: "", or what is wrong with it, such as "broken" or
	// "CMD SYNTAX".
	sent string
	// answer is what came: such as "OK", "ERR AUTH", "MSG", closed or nothing.
	answer string
	// lacks are the answers of a relay that does not have what it uses, and need not.
	lacks []string
	// void says that nothing can be said about the answer.
	void bool
}

// The answers that are none.
const (
	closed  = "the connection is closed"
	nothing = "nothing"
)

// keyUnread is sent for what follows a hello with a key that nobody can read.
const keyUnread = "after a key that nobody can read"

// What the relay must see in bytes that are no transmission.
const (
	brokenBlock    = "broken block"
	malformedBlock = "malformed block"
)

// checkpoint is what has been delivered since the one before, by connection and queue, in
// the order in which it came.
type checkpoint struct {
	// after is the number of exchanges that had begun.
	after int
	// op is the index of the last operation.
	op int
	// deliveries have a line for each connection and queue.
	deliveries map[string][]string
}
