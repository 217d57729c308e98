// Command gen makes the seeds of a conformance run out of its raw traces:
//
//	smpcheck relay --trace DIR --trace-raw
//	go run ./fuzz/seed/gen DIR fuzz/seed/conformance.gz
//
// It keeps the shortest example of each shape: what was said, in which state of the
// encoding, and why it does not decode if it does not. Ids and keys differ in each run, so
// the file does too.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("expected the folder of the traces and the file to write, found %d arguments", len(args))
	}
	c := collection{}
	if err := c.readFolder(args[0]); err != nil {
		return err
	}
	packed, err := c.pack()
	if err != nil {
		return err
	}
	fmt.Printf("%d seeds, %d bytes\n", len(c), len(packed))
	return os.WriteFile(args[1], packed, 0o644)
}
