package report

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/target"
)

// Part is one of the shards that were merged.
type Part struct {
	Address    string    `json:"address"`
	Seed       uint64    `json:"seed"`
	Started    time.Time `json:"started"`
	DurationMS float64   `json:"duration_ms"`
}

// Named is a report and the name of the file that it comes from.
type Named struct {
	File string
	*Document
}

// Merge joins the reports of all shards of one run, in any order, into the report that
// the run would have had in one piece: the same cases with the same results in the same
// order. One report that is no shard is returned as it is.
//
// The shards must be of one target, with the same versions and abilities; of one that
// smpcheck started, the address may differ from shard to shard. Tool, options and
// number of shards must be the same; seeds may differ, Parts keeps them, and Seed is that
// of the first shard. The time is that from the first start to the last end. The
// error names the files that do not fit, a shard that is missing or comes twice, a case
// that comes twice.
func Merge(reports []Named) (*Document, error) {
	if len(reports) == 1 && reports[0].Shard == nil {
		return reports[0].Document, nil
	}
	reports, err := arrange(reports)
	if err != nil {
		return nil, err
	}
	merged, err := frame(reports)
	if err != nil {
		return nil, err
	}
	if err := merged.interleave(reports); err != nil {
		return nil, err
	}
	merged.count()
	return merged, nil
}

// arrange returns the shards by their index, if all are there.
func arrange(reports []Named) ([]Named, error) {
	if len(reports) == 0 {
		return nil, errors.New("there is no report to merge")
	}
	first := reports[0]
	byIndex := make(map[int]Named)
	for _, r := range reports {
		switch {
		case r.Shard == nil:
			return nil, fmt.Errorf("%s is the report of a whole run, not of a shard", r.File)
		case r.Shard.Count != first.Shard.Count || r.Shard.Of != first.Shard.Of:
			return nil, fmt.Errorf("%s is one of %d shards of %d cases, %s one of %d of %d", first.File, first.Shard.Count, first.Shard.Of, r.File, r.Shard.Count, r.Shard.Of)
		case byIndex[r.Shard.Index].Document != nil:
			return nil, fmt.Errorf("%s and %s are both shard %d/%d", byIndex[r.Shard.Index].File, r.File, r.Shard.Index, r.Shard.Count)
		case len(r.Cases) != r.Shard.cases():
			return nil, fmt.Errorf("%s has %d cases, but shard %d/%d of %d cases has %d", r.File, len(r.Cases), r.Shard.Index, r.Shard.Count, r.Shard.Of, r.Shard.cases())
		}
		byIndex[r.Shard.Index] = r
	}
	if missing := min(first.Shard.Count, first.Shard.Of) - len(byIndex); missing > 0 {
		return nil, fmt.Errorf("shards are missing: %s", missingShards(byIndex, first.Shard.Count, missing))
	}
	return slices.SortedFunc(maps.Values(byIndex), func(a, b Named) int { return cmp.Compare(a.Shard.Index, b.Shard.Index) }), nil
}

// maxMissing is how many missing shards an error names.
const maxMissing = 5

// missingShards names the first of the shards that are missing, and says how many more are.
func missingShards(byIndex map[int]Named, count, missing int) string {
	var names []string
	for index := 1; len(names) < min(missing, maxMissing); index++ {
		if _, found := byIndex[index]; !found {
			names = append(names, fmt.Sprintf("%d/%d", index, count))
		}
	}
	if more := missing - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// frame is the merged report without its cases.
func frame(reports []Named) (*Document, error) {
	first := reports[0]
	merged := *first.Document
	merged.Shard, merged.Cases, merged.Interrupted, merged.Command = nil, nil, false, ""
	merged.Summary = make(map[conformance.Verdict]int)
	merged.Target.Capabilities = slices.Clone(first.Target.Capabilities)
	end := first.Started
	for _, r := range reports {
		if err := merged.fits(first.File, r); err != nil {
			return nil, err
		}
		merged.Interrupted = merged.Interrupted || r.Interrupted
		merged.Parts = append(merged.Parts, Part{r.Target.Address, r.Seed, r.Started, r.DurationMS})
		if r.Started.Before(merged.Started) {
			merged.Started = r.Started
		}
		if ended := r.Started.Add(time.Duration(r.DurationMS * float64(time.Millisecond))); ended.After(end) {
			end = ended
		}
	}
	merged.DurationMS = milliseconds(end.Sub(merged.Started))
	return &merged, nil
}

// fits returns an error unless the shard is of the same run as those before it, and adds
// what it knows about the target.
func (d *Document) fits(file string, r Named) error {
	different := func(what string, one, other any) error {
		return fmt.Errorf("%s and %s have different %s: %v and %v", file, r.File, what, one, other)
	}
	switch {
	case d.Tool != r.Tool:
		return different("versions of smpcheck", d.Tool.Version, r.Tool.Version)
	case d.Target.Kind != r.Target.Kind:
		return different("kinds of targets", d.Target.Kind, r.Target.Kind)
	case d.Target.Kind == target.Remote && d.Target.Address != r.Target.Address:
		return different("targets", d.Target.Address, r.Target.Address)
	case d.Target.Fault != r.Target.Fault:
		return different("faults", cmp.Or(d.Target.Fault, "none"), cmp.Or(r.Target.Fault, "none"))
	case d.Target.Versions != r.Target.Versions:
		return different("versions of the target", d.Target.Versions, r.Target.Versions)
	case !reflect.DeepEqual(d.Options, r.Options):
		return different("options", quoted(d.Options), quoted(r.Options))
	case len(d.Target.Capabilities) != len(r.Target.Capabilities):
		return different("numbers of capabilities", len(d.Target.Capabilities), len(r.Target.Capabilities))
	}
	for i, c := range r.Target.Capabilities {
		known := &d.Target.Capabilities[i]
		switch {
		case known.Name != c.Name || known.State != c.State && known.State != target.Unknown && c.State != target.Unknown:
			return different("capabilities of the target", known.Name+" "+string(known.State), c.Name+" "+string(c.State))
		case known.State == target.Unknown:
			*known = c
		}
	}
	return nil
}

// quoted is the options as a reader tells them apart.
func quoted(o Options) string { return cmp.Or(o.String(), "none") }

// interleave takes the cases of the shards in the order of the whole run.
func (d *Document) interleave(reports []Named) error {
	from := make(map[string]string)
	for i := range reports[0].Shard.Of {
		r := reports[i%len(reports)]
		c := r.Cases[i/len(reports)]
		if file, twice := from[c.ID]; twice {
			return fmt.Errorf("the case %s is in %s and again in %s", c.ID, file, r.File)
		}
		from[c.ID] = r.File
		d.Cases = append(d.Cases, c)
	}
	return nil
}
