package trace

import "smpcheck/reference/keys"

// Privates are the private keys of a run, for tests that look for them.
func (r *Recording) Privates() []keys.PrivateKey { return r.privates }
