package sample

import "testing"

func FuzzInner(f *testing.F) {
	f.Add([]byte("seed"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if string(b) == "panic" {
			panic("as asked")
		}
		t.Run("in a sub-test", func(t *testing.T) { Require(t, !Broken(string(b))) })
	})
}

func FuzzWithoutFunction(f *testing.F) { f.Error("no seeds today") }
