package agent

import (
	"slices"

	"smpcheck/reference/ratchet"
)

// maxSkipped is how many keys of messages that have not come are kept for a connection:
// as many as one message can leave out, of the newest. A peer that leaves messages out
// again and again must not fill the file. The official agent has no limit.
const maxSkipped = 2 * ratchet.MaxSkip

// boundSkipped drops the oldest keys above maxSkipped.
func boundSkipped(s ratchet.State) ratchet.State {
	room := maxSkipped
	for i := len(s.Skipped) - 1; i >= 0; i-- {
		keys := s.Skipped[i].Keys
		if len(keys) <= room {
			room -= len(keys)
			continue
		}
		if room == 0 {
			s.Skipped = s.Skipped[i+1:]
			return s
		}
		s.Skipped = slices.Clone(s.Skipped[i:])
		s.Skipped[0].Keys = keys[len(keys)-room:]
		return s
	}
	return s
}
