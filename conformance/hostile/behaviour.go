package hostile

// Stage is how far a client gets with an endpoint before it can tell that
// something is wrong.
type Stage int

// The stages, in their order.
const (
	// InTLS: the TLS handshake does not complete.
	InTLS Stage = iota
	// InHello: the relay sends no hello that a client could answer.
	InHello
	// InSession: both hellos can be exchanged.
	InSession
)

// Behaviour is one way to misbehave.
type Behaviour struct {
	// Name is lower-case words joined by hyphens, About the same as a phrase.
	Name, About string
	// Stage is where it happens.
	Stage Stage

	serve func(*peer) error
	// stranger: the address has another fingerprint than the certificate.
	stranger bool
}

// All returns all behaviours, by stage.
func All() []Behaviour {
	var all []Behaviour
	for stage, list := range [][]Behaviour{InTLS: tlsBehaviours, InHello: helloBehaviours, InSession: sessionBehaviours} {
		for _, b := range list {
			b.Stage = Stage(stage)
			all = append(all, b)
		}
	}
	return all
}
