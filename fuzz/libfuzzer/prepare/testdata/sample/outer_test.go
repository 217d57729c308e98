package sample_test

import (
	"os"
	"testing"

	"smpcheck/fuzz/libfuzzer/prepare/testdata/sample"
)

func FuzzOuter(f *testing.F) {
	f.Add("a", true, []byte("bc"), -2, 'ä', 0.5)
	f.Fuzz(func(t *testing.T, s string, _ bool, b []byte, n int, _ rune, _ float64) {
		if _, err := os.Stat(t.TempDir()); err != nil {
			t.Fatal(err)
		}
		sample.Require(t, !sample.Broken(s) || len(b) == 0 || n != -2)
	})
}
