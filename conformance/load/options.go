package load

import (
	"errors"
	"fmt"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// Bounds of Options.
const (
	MaxConnections = 20_000
	MaxQueues      = 10_000
	MaxIdleQueues  = 2_000_000
	MaxOperations  = 1_000_000_000
	MaxRate        = 1_000_000
	MaxTime        = time.Hour
	// MaxMemory is what a run may need by estimate, in bytes.
	MaxMemory = 2 << 30
)

// Sizes that the estimate of memory is made of, in bytes: measured, and rounded up.
const (
	connectionMemory = 64 << 10
	queueMemory      = 96 << 10
	idleQueueMemory  = 768
)

// DefaultTimeout is how long an answer may take.
const DefaultTimeout = 30 * time.Second

// ErrOptions: an option cannot be used; the text says which.
var ErrOptions = errors.New("options of the load")

// Options say what load is made. Target, Connections and Mix are needed.
type Options struct {
	// Target is the relay, with the password that it wants for NEW.
	Target link.Server
	// Via is the relay through which the operation proxy sends, with its password; nil
	// for none.
	Via *link.Server

	// Connections is the number of connections to Target, and of as many to Via if the
	// mix has the operation proxy.
	Connections int
	// Queues is the number of queues with messages. Queue i belongs to connection i and
	// its messages are sent over connection i+1, both modulo Connections.
	Queues int
	// IdleQueues is the number of further queues, which get no messages.
	IdleQueues int
	// SubscribeIdle subscribes to the idle queues after they are made.
	SubscribeIdle bool

	// Rate is the number of operations that begin in a second, at fixed times; 0 for a
	// closed loop.
	Rate float64
	// Mix says how often each operation is chosen.
	Mix Mix
	// Size of message bodies in bytes; 0 for the largest of the version.
	Size int

	// Versions of SMP to offer; zero for all.
	Versions wire.VersionRange
	// TLS12 also accepts TLS 1.2.
	TLS12 bool
	// PlainBlocks does without block encryption at the versions that have it.
	PlainBlocks bool
	// RecipientKey and SenderKey authorize: Ed25519, Ed448 or X25519. At version 6 both
	// have to be able to sign, and Ed25519 takes the place of X25519.
	RecipientKey, SenderKey keys.Algorithm

	// WarmUp is the time before the measurement begins, Duration that of the
	// measurement. Without Duration there is no load but what sets it up.
	WarmUp, Duration time.Duration
	// Operations ends the load after so many, spread evenly over the queues; 0 for no such
	// limit.
	Operations int
	// Hold is how long everything is left alone after it is set up.
	Hold time.Duration
	// Timeout of handshakes and answers; zero is DefaultTimeout.
	Timeout time.Duration
	// Patience is how long a message may take after SEND was answered; zero is Timeout.
	Patience time.Duration

	// Seed of the choice of operations and of the bodies. Keys and ids are random.
	Seed uint64
	// PIDs are the processes whose use of the processors and of memory is measured.
	PIDs []int
	// Embedded says that the relay is in this process.
	Embedded bool
	// Keep leaves the queues at the relay.
	Keep bool
	// Progress is told how far the run is; nil for nobody.
	Progress func(Progress)
}

// Progress is how far a run is: so many of the things of the phase are done.
type Progress struct {
	Phase       string
	Done, Total int
}

// withDefaults returns o with its zero fields set, or ErrOptions.
func (o Options) withDefaults() (Options, error) {
	if o.RecipientKey == 0 {
		o.RecipientKey = keys.Ed25519
	}
	if o.SenderKey == 0 {
		o.SenderKey = keys.X25519
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Patience == 0 {
		o.Patience = o.Timeout
	}
	if o.Versions == (wire.VersionRange{}) {
		o.Versions = wire.Versions(smp.MinVersion, smp.MaxVersion)
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	return o, o.check()
}

// Check returns ErrOptions if the options cannot be used: one is out of bounds, a process
// does not exist, or this one may not have as much memory or as many open files as they
// need.
func (o Options) Check() error {
	_, err := o.withDefaults()
	return err
}

func (o Options) check() error {
	if err := o.checkNumbers(); err != nil {
		return err
	}
	if err := o.checkTimes(); err != nil {
		return err
	}
	if o.Duration > 0 && o.Queues == 0 {
		return fmt.Errorf("%w: no queues for the load", ErrOptions)
	}
	if o.Via == nil && o.Mix.Has(Proxy) {
		return fmt.Errorf("%w: the mix sends through a proxy and none is named", ErrOptions)
	}
	if o.Via != nil && !o.Mix.Has(Proxy) {
		return fmt.Errorf("%w: a proxy is named and the mix does not use it", ErrOptions)
	}
	for _, alg := range []keys.Algorithm{o.RecipientKey, o.SenderKey} {
		if alg != keys.Ed25519 && alg != keys.Ed448 && alg != keys.X25519 {
			return fmt.Errorf("%w: keys of %v, expected Ed25519, Ed448 or X25519", ErrOptions, alg)
		}
	}
	if need := o.memory(); need > MaxMemory {
		return fmt.Errorf("%w: the run needs about %d MiB of memory, at most %d are allowed; take fewer connections or queues",
			ErrOptions, need>>20, MaxMemory>>20)
	}
	for _, pid := range o.PIDs {
		if _, err := UsageOf(pid); err != nil {
			return fmt.Errorf("%w: %w", ErrOptions, err)
		}
	}
	return o.checkDescriptors()
}

func (o Options) checkNumbers() error {
	for _, f := range []struct {
		name               string
		value, least, most int
	}{
		{"connections", o.Connections, 1, MaxConnections},
		{"queues", o.Queues, 0, MaxQueues},
		{"idle queues", o.IdleQueues, 0, MaxIdleQueues},
		{"operations", o.Operations, 0, MaxOperations},
	} {
		if f.value < f.least || f.value > f.most {
			return fmt.Errorf("%w: %d %s, expected %d to %d", ErrOptions, f.value, f.name, f.least, f.most)
		}
	}
	if !(o.Rate >= 0 && o.Rate <= MaxRate) {
		return fmt.Errorf("%w: rate %v, expected at most %d a second", ErrOptions, o.Rate, MaxRate)
	}
	if largest := smp.MaxMessageLength(o.Versions.Max); o.Size != 0 && (o.Size < MinSize || o.Size > largest) {
		return fmt.Errorf("%w: bodies of %d bytes, expected %d to %d at version %d", ErrOptions, o.Size, MinSize, largest, o.Versions.Max)
	}
	return nil
}

func (o Options) checkTimes() error {
	for _, f := range []struct {
		name  string
		value time.Duration
	}{{"warm-up", o.WarmUp}, {"duration", o.Duration}, {"hold", o.Hold}, {"timeout", o.Timeout}, {"patience", o.Patience}} {
		if f.value < 0 || f.value > MaxTime {
			return fmt.Errorf("%w: %s of %v, expected at most %v", ErrOptions, f.name, f.value, MaxTime)
		}
	}
	return nil
}

// memory is about what the run needs, in bytes.
func (o Options) memory() int64 {
	return int64(o.sockets())*connectionMemory + int64(o.Queues)*queueMemory + int64(o.IdleQueues)*idleQueueMemory
}

// sockets is the number of connections of this side.
func (o Options) sockets() int {
	if o.Via != nil {
		return 2 * o.Connections
	}
	return o.Connections
}

// spareDescriptors are open files besides connections of the load.
const spareDescriptors = 64

// descriptors is how many open files the run needs.
func (o Options) descriptors() int {
	n := o.sockets() + spareDescriptors
	if o.Mix.Has(Connect) {
		n += o.Queues
	}
	if o.Embedded {
		n += o.sockets()
	}
	return n
}

func (o Options) checkDescriptors() error {
	limit, known := descriptorLimit()
	if need := o.descriptors(); known && uint64(need) > limit {
		return fmt.Errorf("%w: %d connections need %d open files and this process may have %d; raise the limit with ulimit -n %d, or take fewer connections",
			ErrOptions, o.Connections, need, limit, need)
	}
	return nil
}
