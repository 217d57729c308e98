package check_test

import (
	"context"
	"fmt"
	"log"

	"smpcheck/vectors"
	"smpcheck/vectors/check"
)

// How the author of a codec in Go checks it: the codec answers operations as an Adapter,
// and the report tells what it gets wrong and what it does not know.
func ExampleRun() {
	padding, err := vectors.Load("padding")
	if err != nil {
		log.Fatal(err)
	}
	report, err := check.Run(context.Background(), "my codec", paddingCodec{}, []*vectors.File{padding}, check.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.OK(), report.Summary.Fail)
	// Output: true 0
}
