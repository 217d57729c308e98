package libfuzzer

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime/pprof"
	"testing"
	"time"
)

// entry is one input, as package testing has it.
type entry = struct {
	Parent     string
	Path       string
	Data       []byte
	Values     []any
	Generation int
	IsSeed     bool
}

// deps is what package testing asks of the program that starts tests. Go's own answers it
// with a coordinator of processes and a worker; this one hands the inputs and the target out.
type deps struct {
	// coordinate gets the seeds of a target and the types of its arguments. Seeds of
	// testdata/fuzz have Data, the file; those of F.Add have Values.
	coordinate func(seeds []entry, types []reflect.Type)
	// work gets a function that runs the target once. The target is over when it returns.
	work func(run func(entry) error)
}

// run calls the target as "go test -fuzz" would: as its coordinator if d.work is nil, or as
// its worker. It returns when the target does; if that has failed, the error has what it
// wrote. The flags of package testing are the process's: only one target may run at a time.
func (d deps) run(target Target) error {
	m := testing.MainStart(d, nil, nil, []testing.InternalFuzzTarget{{Name: target.Name, Fn: target.Fuzz}}, nil)
	err := flag.CommandLine.Parse([]string{
		"-test.run=^$",
		"-test.fuzz=^" + regexp.QuoteMeta(target.Name) + "$",
		"-test.fuzzcachedir=" + os.TempDir(), // never written, but must be named
		fmt.Sprintf("-test.fuzzworker=%t", d.work != nil),
	})
	if err != nil {
		return err
	}
	if d.work != nil {
		if code := m.Run(); code != 0 {
			return fmt.Errorf("%s ended with code %d", target.Name, code)
		}
		return nil
	}
	code, output, err := captured(m.Run)
	if err == nil && code != 0 {
		err = fmt.Errorf("%s ended with code %d:\n%s", target.Name, code, output)
	}
	return err
}

// captured calls f and returns what it wrote to standard output meanwhile.
func captured(f func() int) (code int, output []byte, err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return 0, nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		output, _ = io.ReadAll(read)
	}()
	stdout := os.Stdout
	os.Stdout = write
	code = f()
	os.Stdout = stdout
	write.Close()
	<-done
	return code, output, read.Close()
}

func (d deps) CoordinateFuzzing(_ time.Duration, _ int64, _ time.Duration, _ int64, _ int, seeds []entry, types []reflect.Type, _, _ string) error {
	d.coordinate(seeds, types)
	return nil
}

func (d deps) RunFuzzWorker(run func(entry) error) error {
	d.work(run)
	return nil
}

// ReadCorpus returns the files of a folder, unread as to their values.
func (deps) ReadCorpus(dir string, _ []reflect.Type) ([]entry, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{Path: file, Data: data})
	}
	return entries, nil
}

// CheckCorpus says whether the values are of the types.
func (deps) CheckCorpus(values []any, types []reflect.Type) error {
	if len(values) != len(types) {
		return fmt.Errorf("%d values for %d arguments", len(values), len(types))
	}
	for i, v := range values {
		if reflect.TypeOf(v) != types[i] {
			return fmt.Errorf("argument %d is a %T and should be a %v", i, v, types[i])
		}
	}
	return nil
}

func (deps) MatchString(pattern, s string) (bool, error) { return regexp.MatchString(pattern, s) }
func (deps) ImportPath() string                          { return "" }
func (deps) ModulePath() string                          { return "" }
func (deps) SetPanicOnExit0(bool)                        {}
func (deps) StartTestLog(io.Writer)                      {}
func (deps) StopTestLog() error                          { return nil }
func (deps) StartCPUProfile(w io.Writer) error           { return pprof.StartCPUProfile(w) }
func (deps) StopCPUProfile()                             { pprof.StopCPUProfile() }
func (deps) ResetCoverage()                              {}
func (deps) SnapshotCoverage()                           {}

func (deps) WriteProfileTo(name string, w io.Writer, debug int) error {
	return pprof.Lookup(name).WriteTo(w, debug)
}

func (deps) InitRuntimeCoverage() (string, func(string, string) (string, error), func() float64) {
	return "", nil, nil
}
