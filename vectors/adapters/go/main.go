// Command go is an adapter for "smpcheck vectors --exec" that is written in Go: it puts
// the reference codec behind JSON lines. For a codec of your own, implement
// check.Adapter as the package vectors/codec does, and replace codec.New.
//
//	smpcheck vectors --exec "go run ./vectors/adapters/go"
package main

import (
	"context"
	"fmt"
	"os"

	"smpcheck/vectors/check"
	"smpcheck/vectors/codec"
)

func main() {
	if err := check.Serve(context.Background(), codec.New(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "adapter:", err)
		os.Exit(1)
	}
}
