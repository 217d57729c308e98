package engine

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"smpcheck/conformance/probe"
	"smpcheck/conformance/target"
	"smpcheck/conformance/trace"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/model"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// Limits of what the relay may take, at scale 1.
const (
	// endLimit is how long the end of a process may take to be seen after that of its
	// connections.
	endLimit = 5 * time.Second
	// returnLimit is how long a relay that nobody reaches is waited for.
	returnLimit = time.Minute
	// lookInterval is how often descendants of the process are looked for.
	lookInterval = time.Second
)

// host is the bench with a real relay.
type host struct {
	options Options
	// versions and tls are those that programs use.
	versions wire.VersionRange
	tls      string
	pace     func(context.Context) error
	// prompt says that the relay sends events at once.
	prompt atomic.Bool

	relay  target.Target
	canary *canary
	tree   processTree
	looked time.Time
}

// newHost starts the relay, or goes to it, learns what it offers and sets up the canary.
// The errors are ErrUnreachable.
func newHost(ctx context.Context, o Options) (*host, error) {
	h := &host{options: o, pace: pace(o.MaxRate)}
	if err := h.begin(ctx); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return h, nil
}

func (h *host) begin(ctx context.Context) error {
	if err := h.start(ctx); err != nil {
		return err
	}
	info, err := probe.Preflight(ctx, h.relay, h.options.Scale)
	if err == nil {
		h.tls = info.TLS
		h.versions, err = usable(info, h.options.Versions)
	}
	if err == nil {
		h.canary, err = newCanary(ctx, h.relay.Server(), h.versions, h.tls, h.options.Scale)
	}
	if err != nil {
		err = errors.Join(err, h.relay.Close())
	}
	return err
}

// usable is the largest part of the relay's versions, from the newest on, at which it
// serves clients.
func usable(info target.Info, wanted wire.VersionRange) (wire.VersionRange, error) {
	common, ok := info.Versions.Common(wire.Versions(smp.MinVersion, smp.MaxVersion))
	if ok && wanted != (wire.VersionRange{}) {
		common, ok = common.Common(wanted)
	}
	if !ok {
		return common, fmt.Errorf("the relay offers SMP versions %s, none of those that are asked for", info.Versions)
	}
	for common.Max > common.Min && info.Unusable[common.Max] != "" {
		common.Max--
	}
	if info.Unusable[common.Max] != "" {
		return common, fmt.Errorf("the relay serves nothing at version %d: %s", common.Max, info.Unusable[common.Max])
	}
	for v := common.Max; v >= common.Min; v-- {
		if info.Unusable[v] != "" {
			common.Min = v + 1
			break
		}
	}
	return common, nil
}

// start starts the process if there is one.
func (h *host) start(ctx context.Context) error {
	if h.options.Command == nil {
		h.relay = target.At(h.options.Server)
		return nil
	}
	relay, err := target.RunGuarded(ctx, h.options.Command)
	if err != nil {
		return err
	}
	h.relay = relay
	h.tree = processTree{root: h.relay.(interface{ PID() int }).PID()}
	h.look()
	return nil
}

func (h *host) look() {
	h.tree.look()
	h.looked = time.Now()
}

// server is the relay with its password, which the address that it prints may lack.
func (h *host) server() link.Server {
	s := h.relay.Server()
	if s.Password == "" {
		s.Password = h.options.Server.Password
	}
	return s
}

func (h *host) run(ctx context.Context, in input, rec *trace.Recorder) (drive.Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended, died := make(chan struct{}), h.relay.Done() // of this process, not of the next one
	defer close(ended)
	go func() { // nobody answers any more
		select {
		case <-died:
			cancel()
		case <-ended:
		}
	}()
	config := drive.Config{
		Server: h.server(), Versions: h.versions, TLS: h.tls, Scale: h.options.Scale,
		Seed: in.seed, Recorder: rec, Pace: h.pace,
	}
	if h.options.Model {
		config.Judge = model.New(model.Config{
			Password: h.server().Password, Quota: h.options.Quota, Prompt: h.prompt.Load(),
		})
	}
	return drive.Run(ctx, config, in.Program)
}

// crashed reports whether the process has ended.
func (h *host) crashed() bool {
	select {
	case <-h.relay.Done():
		return true
	default:
		return false
	}
}

func (h *host) disturbed() bool { return h.crashed() || h.canary.disturbed() }

func (h *host) check(ctx context.Context, due bool) *sighting {
	if h.crashed() {
		return h.obituary()
	}
	var damage *drive.Breach
	if due {
		damage = h.canary.check(ctx)
	} else {
		damage = h.canary.checkDue(ctx)
	}
	if damage == nil || ctx.Err() != nil {
		return nil
	}
	if h.awaitEnd(ctx) {
		return h.obituary()
	}
	if err := h.reach(ctx); err != nil && ctx.Err() == nil {
		return &sighting{Breach: drive.Breach{
			Kind: drive.Hang, Rule: "relay-unreachable",
			Expected: "a relay that serves ordinary clients", Actual: kindOf(err),
		}}
	}
	return &sighting{Breach: *damage}
}

// awaitEnd waits for the end of a process whose connections have ended.
func (h *host) awaitEnd(ctx context.Context) bool {
	if h.relay.Done() == nil || !h.canary.lost() {
		return h.crashed()
	}
	timer := time.NewTimer(h.options.scaled(endLimit))
	defer timer.Stop()
	select {
	case <-h.relay.Done():
	case <-timer.C:
	case <-ctx.Done():
	}
	return h.crashed()
}

// reach tries whether an ordinary client is served.
func (h *host) reach(ctx context.Context) error {
	c, err := dial(ctx, h.server(), h.versions.Max, h.tls, h.options.scaled(canaryLimit))
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Ping(ctx)
}

// obituary is the crash of the process.
func (h *host) obituary() *sighting {
	output := h.relay.(interface{ Output() *target.Output }).Output().Text()
	status := h.relay.Obituary()
	trace := stackTrace(output)
	return &sighting{
		Breach: drive.Breach{
			Kind: Crash, Rule: "process-ended",
			Expected: "a relay that goes on", Actual: firstLines(status, trace),
		},
		place: crashPlace(trace, status), detail: trace, output: output,
	}
}

func (h *host) renew(ctx context.Context) error {
	if err := h.again(ctx); err != nil {
		return fmt.Errorf("%w any more: %w", ErrUnreachable, err)
	}
	return nil
}

func (h *host) again(ctx context.Context) error {
	h.canary.close()
	if h.options.Command != nil {
		if err := h.relay.Close(); err != nil {
			return err
		}
		if err := h.start(ctx); err != nil {
			return err
		}
	}
	return h.newCanary(ctx)
}

// newCanary sets up the canary, if need be after waiting for the relay.
func (h *host) newCanary(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, h.options.scaled(returnLimit))
	defer cancel()
	ticker := time.NewTicker(h.options.scaled(canaryInterval))
	defer ticker.Stop()
	for {
		c, err := newCanary(ctx, h.server(), h.versions, h.tls, h.options.Scale)
		if err == nil {
			h.canary = c
			return nil
		}
		select {
		case <-h.relay.Done():
			return fmt.Errorf("the relay ended as soon as it had been started: %s", h.relay.Obituary())
		case <-ticker.C:
		case <-ctx.Done():
			return err
		}
	}
}

func (h *host) memory() (memory, bool) {
	if h.options.Command == nil {
		return memory{}, false
	}
	if time.Since(h.looked) > lookInterval {
		h.look()
	}
	return h.tree.memory()
}

func (h *host) describe(f *Finding) {
	f.Versions, f.TLS, f.Prompt = h.versions, h.tls, h.prompt.Load()
	f.Model, f.Quota = h.options.Model, h.options.Quota
}

func (h *host) secret() string { return h.server().Password }

func (h *host) close() {
	h.canary.close()
	_ = h.relay.Close() // returns nil
}
