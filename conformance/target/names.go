package target

// Names is what is known about the names role of a relay under test, which no
// probe can find out: the names that it resolves are the operator's.
type Names struct {
	// Known is a name that the relay resolves; empty if none is known.
	Known string
	// Off says that the relay does not have the role.
	Off bool
}
