package trace

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Extent bounds what Decode returns.
type Extent struct {
	// Bytes is how many bytes of each layer are there in hex. Remarks and what does not
	// decode have more, up to 512.
	Bytes int
	// Transmissions is how many of a block are there.
	Transmissions int
	// Size is how many bytes the events may have together as JSON. If they have more,
	// those in the middle are left out.
	Size int
}

// ReportExtent is that of reports, FileExtent that of the files of a run, and RawExtent that
// of files with all bytes.
var (
	ReportExtent = Extent{Bytes: 512, Transmissions: 16, Size: 256 << 10}
	FileExtent   = Extent{Bytes: 64, Transmissions: 64, Size: 512 << 10}
	RawExtent    = Extent{Bytes: math.MaxInt, Transmissions: math.MaxInt, Size: 8 << 20}
)

// undecodedBytes is how many bytes of a remark, or of what does not decode, are there at
// least.
const undecodedBytes = 512

// bytesOf is how many bytes of an event are there.
func (x Extent) bytesOf(l *Layer) int {
	if l.Kind == KindNote || !l.decoded() {
		return max(x.Bytes, undecodedBytes)
	}
	return x.Bytes
}

// decoded reports whether the layer and those inside it decode. What is encrypted with a
// key that the runner does not have counts as decoded.
func (l *Layer) decoded() bool {
	switch l.Kind {
	case KindMessage, KindNotification, KindForwarded:
		return true
	}
	return l.Error == "" && !slices.ContainsFunc(l.Layers, func(inner Layer) bool { return !inner.decoded() })
}

// shorten leaves out transmissions of a block beyond the extent.
func (x Extent) shorten(l *Layer) {
	if more := len(l.Layers) - x.Transmissions; more > 0 {
		rest := Layer{Kind: KindTransmission, Summary: fmt.Sprintf("%d more transmissions", more)}
		l.Layers = append(l.Layers[:x.Transmissions:x.Transmissions], rest)
	}
}

// fit leaves out events in the middle until the others have the size: a quarter of it is
// for those at the start.
func (t *Trace) fit(size int) {
	sizes, total := make([]int, len(t.Events)), 0
	for i := range t.Events {
		sizes[i] = t.Events[i].size()
		total += sizes[i]
	}
	if total <= size {
		return
	}
	from, room := 0, size/4
	for from < len(sizes) && sizes[from] <= room {
		room -= sizes[from]
		from++
	}
	to := len(sizes)
	for room += size - size/4; to > from && sizes[to-1] <= room; to-- {
		room -= sizes[to-1]
	}
	t.Events = slices.Delete(t.Events, from, to)
	t.LeftOut += to - from
}

// size is the length of the event as JSON.
func (e *Event) size() int {
	b, err := json.Marshal(e)
	if err != nil {
		return math.MaxInt32
	}
	return len(b)
}
