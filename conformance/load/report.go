package load

import (
	_ "embed"
	"math"
	"slices"
	"time"
)

// Schema is the JSON Schema, draft 2020-12, of the JSON form of a Report.
//
//go:embed schema.json
var Schema []byte

// Report is what a run has measured. Its JSON form is described by Schema.
type Report struct {
	Tool   Tool   `json:"tool"`
	Target Target `json:"target"`
	Seed   uint64 `json:"seed"`
	// Started is when the run began, DurationMS how long it took in milliseconds.
	Started     time.Time `json:"started"`
	DurationMS  float64   `json:"duration_ms"`
	Interrupted bool      `json:"interrupted"`
	Load        Shape     `json:"load"`
	Phases      []Phase   `json:"phases"`
	Window      Window    `json:"measured"`
	// Handshakes is what connecting took in the phase connect: TCP, TLS and SMP, and the
	// same to the proxy if there is one.
	Handshakes []Timing     `json:"handshakes"`
	Operations []Timing     `json:"operations"`
	Messages   Messages     `json:"messages"`
	Errors     []ErrorCount `json:"errors"`
}

// Tool is the program that wrote the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Target is the relay.
type Target struct {
	// Address and Via have no password.
	Address string `json:"address"`
	Via     string `json:"via,omitempty"`
	Kind    string `json:"kind"`
	// Version is the SMP version of the connections, Encrypted whether blocks are
	// encrypted inside TLS.
	Version   uint16 `json:"version"`
	Encrypted bool   `json:"encrypted"`
}

// Shape is the load that was asked for.
type Shape struct {
	Connections   int     `json:"connections"`
	Queues        int     `json:"queues"`
	IdleQueues    int     `json:"idle_queues"`
	Rate          float64 `json:"rate"` // 0 for a closed loop
	Mix           string  `json:"mix"`
	Size          int     `json:"size"`
	RecipientKey  string  `json:"recipient_key"`
	SenderKey     string  `json:"sender_key"`
	WarmUpSeconds float64 `json:"warm_up_s"`
	Seconds       float64 `json:"duration_s"`
}

// Use is what a process has used in a time.
type Use struct {
	PID int `json:"pid"`
	// UserMS and SystemMS are times of the processors in milliseconds, PerUS their sum
	// for each of the things that were counted, in microseconds; 0 if there are none.
	UserMS   float64 `json:"user_ms"`
	SystemMS float64 `json:"system_ms"`
	PerUS    float64 `json:"per_us"`
	// Resident is the memory at the end, in bytes, and Grown what was added.
	Resident int64 `json:"resident_bytes"`
	Grown    int64 `json:"grown_bytes"`
}

// Phase is a part of the run.
type Phase struct {
	Name      string  `json:"name"`
	Count     int64   `json:"count"`
	Failed    int64   `json:"failed"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"`
	// Generator is this process, Servers are those that were named.
	Generator Use   `json:"generator"`
	Servers   []Use `json:"servers"`
}

// Window is the measurement without warm-up and end.
type Window struct {
	Seconds float64 `json:"seconds"`
	// Messages is the number of message cycles that ended well, Operations that with all
	// others, PerSecond are the former in a second.
	Messages   int64   `json:"messages"`
	Operations int64   `json:"operations"`
	PerSecond  float64 `json:"messages_per_second"`
	// Scheduled is how many operations were due in the whole load, Begun how many were
	// begun: the relay did not bear the rate if they differ.
	Scheduled int64 `json:"scheduled"`
	Begun     int64 `json:"begun"`
	// Bytes below TLS, as this process sees them.
	BytesSent     int64 `json:"bytes_sent"`
	BytesReceived int64 `json:"bytes_received"`
	// The processes, for each operation.
	Generator Use   `json:"generator"`
	Servers   []Use `json:"servers"`
}

// Timing is how long an operation took, in milliseconds from when it should have begun.
type Timing struct {
	Operation Operation `json:"operation"`
	Count     int64     `json:"count"` // of the latencies
	Errors    int64     `json:"errors"`
	PerSecond float64   `json:"per_second"`
	Mean      float64   `json:"mean_ms"`
	P50       float64   `json:"p50_ms"`
	P90       float64   `json:"p90_ms"`
	P99       float64   `json:"p99_ms"`
	P999      float64   `json:"p999_ms"`
	Max       float64   `json:"max_ms"`
}

// ErrorCount is how often an operation failed in a way, set-up included.
type ErrorCount struct {
	ErrorKind
	Count int64 `json:"count"`
}

// Worked reports whether the relay did anything of what it was asked for: an operation of
// the load, or without load some of each phase.
func (r *Report) Worked() bool {
	if r.Load.Seconds == 0 {
		for _, p := range r.Phases {
			if p.Failed > 0 && p.Count == 0 {
				return false
			}
		}
		return true
	}
	return slices.ContainsFunc(r.Phases, func(p Phase) bool { return p.Name == phaseLoad && p.Count > 0 })
}

// report makes the report.
func (r *run) report(m Messages, interrupted bool) *Report {
	report := &Report{
		Seed:        r.Seed,
		Started:     r.started.UTC().Truncate(time.Millisecond),
		DurationMS:  milliseconds(time.Since(r.started)),
		Interrupted: interrupted,
		Target:      Target{Address: r.Target.String(), Version: r.version, Encrypted: r.encrypted},
		Load: Shape{
			Connections: r.Connections, Queues: r.Queues, IdleQueues: r.IdleQueues,
			Rate: r.Rate, Mix: r.Mix.String(), Size: r.bodySize(),
			RecipientKey: r.signing(r.RecipientKey).String(), SenderKey: r.signing(r.SenderKey).String(),
			WarmUpSeconds: r.WarmUp.Seconds(), Seconds: r.Duration.Seconds(),
		},
		Phases:     r.phases,
		Window:     r.load,
		Handshakes: r.handshakes.timings(r.took(phaseConnect)),
		Operations: []Timing{},
		Messages:   m,
		Errors:     r.setup.errorCounts(),
	}
	if r.Via != nil {
		report.Target.Via = r.Via.String()
	}
	report.Window.normalise()
	if r.meter != r.setup {
		report.Operations = r.meter.timings(time.Duration(r.load.Seconds * float64(time.Second)))
		report.Errors = append(report.Errors, r.meter.errorCounts()...)
		report.Window.count(r.meter)
	}
	return report
}

// took is how long a phase took.
func (r *run) took(name string) time.Duration {
	for _, p := range r.phases {
		if p.Name == name {
			return time.Duration(p.Seconds * float64(time.Second))
		}
	}
	return 0
}

func newPhase(name string, good, bad int64, took time.Duration, pids []int, before, after []Usage) Phase {
	uses := newUses(pids, before, after)
	for i := range uses {
		uses[i].divide(good)
	}
	return Phase{
		Name: name, Count: good, Failed: bad, Seconds: took.Seconds(), PerSecond: rate(good, took),
		Generator: uses[0], Servers: uses[1:],
	}
}

func newWindow(took time.Duration, pids []int, before, after []Usage) Window {
	uses := newUses(pids, before, after)
	return Window{Seconds: took.Seconds(), Generator: uses[0], Servers: uses[1:]}
}

// normalise makes the lists of a window that never was empty instead of nil.
func (w *Window) normalise() {
	if w.Servers == nil {
		w.Servers = []Use{}
	}
}

// count enters what ended in the window.
func (w *Window) count(m *meter) {
	w.Messages, _, _ = m.ended(Cycle)
	w.Operations, _, _ = m.ended(whole...)
	w.PerSecond = rate(w.Messages, time.Duration(w.Seconds*float64(time.Second)))
	w.Generator.divide(w.Operations)
	for i := range w.Servers {
		w.Servers[i].divide(w.Operations)
	}
}

func newUses(pids []int, before, after []Usage) []Use {
	uses := make([]Use, len(pids))
	for i, pid := range pids {
		used := after[i].sub(before[i])
		uses[i] = Use{
			PID: pid, UserMS: milliseconds(used.User), SystemMS: milliseconds(used.System),
			Resident: after[i].Resident, Grown: used.Resident,
		}
	}
	return uses
}

// divide sets PerUS.
func (u *Use) divide(n int64) {
	if n > 0 {
		u.PerUS = round((u.UserMS + u.SystemMS) * 1000 / float64(n))
	}
}

func newTiming(o Operation, of *measured, window time.Duration) Timing {
	at := func(quantile float64) float64 { return float64(of.latency.ValueAtQuantile(quantile)) / 1000 }
	return Timing{
		Operation: o, Count: of.latency.TotalCount(), Errors: of.bad, PerSecond: rate(of.window, window),
		Mean: round(of.latency.Mean() / 1000), P50: at(50), P90: at(90), P99: at(99), P999: at(99.9),
		Max: float64(of.latency.Max()) / 1000,
	}
}

func rate(n int64, in time.Duration) float64 {
	if in <= 0 {
		return 0
	}
	return round(float64(n) / in.Seconds())
}

func milliseconds(d time.Duration) float64 { return round(float64(d) / float64(time.Millisecond)) }

// round returns f with three decimals.
func round(f float64) float64 { return math.Round(f*1000) / 1000 }
