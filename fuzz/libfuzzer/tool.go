package libfuzzer

import (
	"archive/zip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
)

const usage = `usage: PROGRAM FUNCTION seeds ZIP               write the seeds of a target as a corpus of libFuzzer
       PROGRAM FUNCTION convert FOLDER PATH...  turn inputs of libFuzzer, files or folders of them,
                                                into files for testdata/fuzz in FOLDER
       PROGRAM FUNCTION run PATH...             give such inputs to the target, as libFuzzer does`

// Main is the program beside the targets of a package; usage says what it does. Seeds in
// testdata/fuzz are found if it runs in the folder of the package.
func Main(targets []Target) {
	if err := run(targets, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(targets []Target, args []string) error {
	if len(args) < 3 {
		return errors.New(usage)
	}
	target, err := find(targets, args[0])
	if err != nil {
		return err
	}
	switch {
	case args[1] == "seeds" && len(args) == 3:
		_, seeds, err := inspect(target)
		if err != nil {
			return err
		}
		return writeSeeds(args[2], seeds)
	case args[1] == "convert" && len(args) > 3:
		types, _, err := inspect(target)
		if err != nil {
			return err
		}
		return eachInput(args[3:], func(input []byte) error { return convert(input, types, args[2]) })
	case args[1] == "run":
		Start(targets, target.Name)
		return eachInput(args[2:], func(input []byte) error {
			Call(input)
			return nil
		})
	}
	return errors.New(usage)
}

// convert writes an input as a file of testdata/fuzz, to the folder dir.
func convert(input []byte, types []reflect.Type, dir string) error {
	values, err := Unpack(input, types)
	if err != nil {
		return err
	}
	file, err := formatFile(values)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, contentName(file)), file, 0o666)
}

// contentName is how Go's fuzzer names a file in testdata/fuzz.
func contentName(content []byte) string {
	return fmt.Sprintf("%x", sha256.Sum256(content))[:16]
}

// writeSeeds writes an archive with each seed once. The same seeds give the same archive.
func writeSeeds(path string, seeds [][]any) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	archive := zip.NewWriter(f)
	written := map[string]bool{}
	for _, values := range seeds {
		packed, err := Pack(values)
		if err != nil {
			return err
		}
		name := contentName(packed)
		if written[name] {
			continue
		}
		written[name] = true
		w, err := archive.Create(name)
		if err != nil {
			return err
		}
		if _, err := w.Write(packed); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return f.Close()
}

// eachInput calls do with the content of the files among paths and in the folders among them.
func eachInput(paths []string, do func([]byte) error) error {
	for _, path := range paths {
		err := filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			input, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return do(input)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
