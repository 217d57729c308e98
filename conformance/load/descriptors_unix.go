//go:build unix

package load

import "syscall"

// descriptorLimit is how many files this process may have open, if that is known.
func descriptorLimit() (limit uint64, known bool) {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	return uint64(r.Cur), true
}
