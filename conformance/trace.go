package conformance

import (
	"fmt"

	"smpcheck/conformance/trace"
)

// Direction says which way recorded bytes went.
type Direction = trace.Direction

// The directions. Note is for events without bytes on the wire.
const (
	Sent     = trace.Sent
	Received = trace.Received
	Note     = trace.Note
)

// traced are the verdicts of runs whose conversation a report may need.
var traced = map[Verdict]bool{Fail: true, Nonstrict: true, Error: true}

// limits bound what is recorded of a run.
func (o Options) limits() trace.Limits {
	if o.Trace != nil {
		return trace.Full
	}
	return trace.Brief
}

// keep gives the run its recording, after the user of the run has had it, if a report
// may need it.
func (r *runner) keep(c *Case, run *Run, recording *trace.Recording) {
	if r.options.Trace != nil {
		if err := r.options.Trace(c, *run, recording); err != nil {
			run.Verdict, run.Detail = Error, fmt.Sprintf("write the trace file: %v", err)
		}
	}
	if traced[run.Verdict] {
		run.Recording = recording
	}
}
