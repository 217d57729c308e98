// Command prepare finds the native fuzz targets of packages and writes, for each package that
// has some, a Go program around them that package libfuzzer runs:
//
//	go run ./fuzz/libfuzzer/prepare FOLDER [PACKAGES]
//
// The program NAME is built in the module, without a change there, in one of two ways:
//
//	CGO_ENABLED=0 go build -overlay FOLDER/NAME/overlay.json -o tool FOLDER/NAME/main.go
//	go build -overlay FOLDER/NAME/overlay.json -buildmode c-archive -o NAME.a FOLDER/NAME/*.go
//
// The first exports seeds and converts inputs. The second is linked with libFuzzer and
// .clusterfuzzlite/target.c.
//
// It prints a line for each target with, separated by tabs: a name that no other target of
// the module has, NAME, the function, the import path and the folder of the package.
package main

import (
	"bufio"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: prepare FOLDER [PACKAGES]")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "prepare:", err)
		os.Exit(1)
	}
}

func run(folder string, patterns []string) error {
	packages, err := discover(patterns)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	for _, p := range packages {
		if err := p.write(folder); err != nil {
			return err
		}
		for _, function := range p.functions() {
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", p.name()+"_"+function, p.name(), function, p.ImportPath, p.Dir)
		}
	}
	return out.Flush()
}
