//go:build !linux

package engine

// processTree is nothing: only Linux has /proc.
type processTree struct{ root int }

func (t *processTree) look() {}

func (t *processTree) memory() (memory, bool) { return memory{}, false }
