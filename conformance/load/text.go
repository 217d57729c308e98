package load

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Text writes the report for a reader.
func (r *Report) Text(w io.Writer) error {
	b := new(strings.Builder)
	r.head(b)
	r.phases(b)
	if r.Load.Seconds > 0 {
		r.operations(b)
		r.traffic(b)
	}
	for _, e := range r.Errors {
		fmt.Fprintf(b, "error      %d × %s: %s\n", e.Count, e.Operation, e.Kind)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (r *Report) head(b *strings.Builder) {
	blocks := "plain blocks"
	if r.Target.Encrypted {
		blocks = "encrypted blocks"
	}
	fmt.Fprintf(b, "%s %s: %s (%s), SMP %d, %s, seed %d\n", r.Tool.Name, r.Tool.Version,
		r.Target.Address, r.Target.Kind, r.Target.Version, blocks, r.Seed)
	if r.Target.Via != "" {
		fmt.Fprintf(b, "through    %s\n", r.Target.Via)
	}
	fmt.Fprintf(b, "load       %d connections, %d queues and %d idle ones, ", r.Load.Connections, r.Load.Queues, r.Load.IdleQueues)
	switch {
	case r.Load.Seconds == 0:
		b.WriteString("no messages\n")
	case r.Load.Rate > 0:
		fmt.Fprintf(b, "%g operations a second (%s) for %g s after %g s\n", r.Load.Rate, r.Load.Mix, r.Load.Seconds, r.Load.WarmUpSeconds)
	default:
		fmt.Fprintf(b, "closed loop (%s) for %g s after %g s\n", r.Load.Mix, r.Load.Seconds, r.Load.WarmUpSeconds)
	}
	fmt.Fprintf(b, "messages   bodies of %d bytes, recipients have %s keys, senders %s\n", r.Load.Size, r.Load.RecipientKey, r.Load.SenderKey)
	if r.Interrupted {
		b.WriteString("interrupted: the numbers are of what was done until then\n")
	}
}

// phases writes a line for each phase, with the use of each process.
func (r *Report) phases(b *strings.Builder) {
	b.WriteByte('\n')
	t := table(b)
	fmt.Fprint(t, "phase\tdone\tfailed\tseconds\ta second\t")
	if len(r.Phases) > 0 {
		for _, s := range r.Phases[0].Servers {
			fmt.Fprintf(t, "CPU µs each (%d)\tresident MiB\tgrown MiB\t", s.PID)
		}
	}
	fmt.Fprintln(t)
	for _, p := range r.Phases {
		fmt.Fprintf(t, "%s\t%d\t%d\t%.2f\t%.0f\t", p.Name, p.Count, p.Failed, p.Seconds, p.PerSecond)
		for _, s := range p.Servers {
			fmt.Fprintf(t, "%.0f\t%.1f\t%+.1f\t", s.PerUS, mebibytes(s.Resident), mebibytes(s.Grown))
		}
		fmt.Fprintln(t)
	}
	t.Flush()
}

// operations writes the latencies.
func (r *Report) operations(b *strings.Builder) {
	b.WriteByte('\n')
	t := table(b)
	fmt.Fprintln(t, "operation\tcount\terrors\ta second\tp50 ms\tp90\tp99\tp99.9\tmax\t")
	for _, o := range append(r.Handshakes, r.Operations...) {
		fmt.Fprintf(t, "%s\t%d\t%d\t%.1f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t\n", o.Operation, o.Count, o.Errors, o.PerSecond, o.P50, o.P90, o.P99, o.P999, o.Max)
	}
	t.Flush()
}

// traffic writes the lines under the tables.
func (r *Report) traffic(b *strings.Builder) {
	m, w := r.Messages, r.Window
	fmt.Fprintf(b, "\nmessages   %d accepted, %d refused, %d delivered, %d of them late, %d abandoned\n", m.Accepted, m.Refused, m.Delivered, m.Late, m.Abandoned)
	fmt.Fprintf(b, "wrong      %d lost, %d duplicated, %d foreign, %d corrupted\n", m.Lost, m.Duplicated, m.Foreign, m.Corrupted)
	if w.Begun < w.Scheduled {
		fmt.Fprintf(b, "not begun  %d of %d operations that were due\n", w.Scheduled-w.Begun, w.Scheduled)
	}
	fmt.Fprintf(b, "rate       %.1f messages a second; %.2f MiB/s to the relay, %.2f MiB/s from it\n",
		w.PerSecond, perSecond(w.BytesSent, w.Seconds), perSecond(w.BytesReceived, w.Seconds))
	for _, s := range w.Servers {
		fmt.Fprintf(b, "process    %d used %.0f µs of CPU an operation, %.0f %% of a processor, %.1f MiB resident\n",
			s.PID, s.PerUS, s.share(w.Seconds), mebibytes(s.Resident))
	}
	fmt.Fprintf(b, "generator  %.0f µs of CPU an operation, %.0f %% of a processor\n", w.Generator.PerUS, w.Generator.share(w.Seconds))
}

// share is the part of one processor that was used, in percent.
func (u Use) share(seconds float64) float64 {
	if seconds == 0 {
		return 0
	}
	return (u.UserMS + u.SystemMS) / (seconds * float64(time.Second/time.Millisecond)) * 100
}

func table(w io.Writer) *tabwriter.Writer {
	return tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
}

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }

func perSecond(bytes int64, seconds float64) float64 {
	if seconds == 0 {
		return 0
	}
	return mebibytes(bytes) / seconds
}
