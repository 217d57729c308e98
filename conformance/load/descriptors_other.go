//go:build !unix

package load

// descriptorLimit is not known: the system has no limit that can be asked for.
func descriptorLimit() (limit uint64, known bool) { return 0, false }
