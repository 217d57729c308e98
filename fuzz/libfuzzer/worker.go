package libfuzzer

import (
	"errors"
	"fmt"
	"reflect"
)

// A worker is a target that waits for inputs, for as long as the process lives.
type worker struct {
	types   []reflect.Type
	inputs  chan entry
	results chan error
	// ended is closed when the target has returned, and why is the reason.
	ended chan struct{}
	why   error
}

// start runs the target twice: once for the types of its arguments, once as a worker.
func start(target Target) (*worker, error) {
	types, _, err := inspect(target)
	if err != nil {
		return nil, err
	}
	w := &worker{types: types, inputs: make(chan entry), results: make(chan error), ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		w.why = deps{work: func(run func(entry) error) {
			for e := range w.inputs {
				w.results <- run(e)
			}
		}}.run(target)
	}()
	return w, nil
}

// call runs the target with the arguments that data holds. The error is what it reported, if
// it failed; a panic of the target ends the process.
func (w *worker) call(data []byte) error {
	values, err := Unpack(data, w.types)
	if err != nil {
		return err
	}
	select {
	case w.inputs <- entry{Values: values}:
		return <-w.results
	case <-w.ended:
		return errors.Join(errors.New("the target takes no more inputs"), w.why)
	}
}

// inspect returns the types of the arguments of a target and its seeds, those of F.Add and
// those in testdata/fuzz below the current folder.
func inspect(target Target) (types []reflect.Type, seeds [][]any, err error) {
	var entries []entry
	err = deps{coordinate: func(e []entry, t []reflect.Type) { entries, types = e, t }}.run(target)
	if err != nil {
		return nil, nil, err
	}
	if types == nil {
		return nil, nil, fmt.Errorf("%s does not call F.Fuzz", target.Name)
	}
	for _, e := range entries {
		if e.Values == nil { // a file
			if e.Values, err = parseFile(e.Data); err == nil {
				err = deps{}.CheckCorpus(e.Values, types)
			}
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", e.Path, err)
			}
		}
		seeds = append(seeds, e.Values)
	}
	return types, seeds, nil
}
