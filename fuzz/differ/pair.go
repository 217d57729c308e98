package differ

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"smpcheck/conformance"
	"smpcheck/fuzz/program"
	"smpcheck/reference/wire"
)

// pair is what programs are tried on: two relays at the versions that both have.
type pair struct {
	sides    [2]*side
	versions wire.VersionRange
}

// open starts both relays, or goes to them, and finds what they have in common: the largest
// range of versions, from the newest on, at which both serve clients.
func open(ctx context.Context, o Options) (*pair, error) {
	p := &pair{}
	for i, relay := range o.Relays {
		s, err := start(ctx, relay, o.Scale)
		if err != nil {
			p.close()
			return nil, fmt.Errorf("relay %s: %w", names[i], err)
		}
		p.sides[i] = s
	}
	var err error
	if p.versions, err = p.common(o.Versions); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// names are what the relays are called.
var names = [2]string{"A", "B"}

func (p *pair) common(wanted wire.VersionRange) (wire.VersionRange, error) {
	usable := func(v uint16) bool {
		return p.sides[0].usable(v) && p.sides[1].usable(v) && (wanted == (wire.VersionRange{}) || wanted.Contains(v))
	}
	var found wire.VersionRange
	for i := len(conformance.AllVersions) - 1; i >= 0; i-- {
		v := conformance.AllVersions[i]
		switch {
		case usable(v) && found.Max == 0:
			found = wire.Versions(v, v)
		case usable(v):
			found.Min = v
		case found.Max != 0:
			return found, nil
		}
	}
	if found.Max == 0 {
		return found, fmt.Errorf("relay A serves SMP versions %s and relay B %s, none of those that are asked for is common to both",
			p.sides[0].info.Versions, p.sides[1].info.Versions)
	}
	return found, nil
}

// run runs a program against both at once.
func (p *pair) run(ctx context.Context, program program.Program, seed uint64) (views [2]view, err error) {
	var group sync.WaitGroup
	var errs [2]error
	for i, s := range p.sides {
		group.Go(func() {
			views[i], errs[i] = s.run(ctx, program, p.versions, seed)
			if errs[i] == nil && views[i].ended != "" {
				errs[i] = s.restart(ctx)
			}
			if errs[i] != nil {
				errs[i] = fmt.Errorf("relay %s: %w", names[i], errs[i])
			}
		})
	}
	group.Wait()
	return views, errors.Join(errs[:]...)
}

func (p *pair) close() {
	for _, s := range p.sides {
		if s != nil {
			s.close()
		}
	}
}
