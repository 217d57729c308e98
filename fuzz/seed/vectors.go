package seed

import (
	"encoding/json"
	"fmt"
	"slices"

	"smpcheck/vectors"
)

// Hex returns all bytes in the inputs, the values in between and the outputs of vector
// files, whatever they mean there, without repetitions. Unknown files are a mistake of the
// caller.
func Hex(files ...string) [][]byte {
	var found [][]byte
	walkFiles(files, func(text string) {
		var b vectors.Hex
		if b.UnmarshalText([]byte(text)) == nil {
			found = append(found, b)
		}
	})
	return found
}

// Texts returns all texts in the same places, those too that are bytes in hexadecimal.
func Texts(files ...string) []string {
	var found []string
	walkFiles(files, func(text string) { found = append(found, text) })
	return found
}

// Files are the names of all vector files.
func Files() []string { return vectors.Names() }

// walkFiles calls f with each text in the values of the files, once.
func walkFiles(files []string, f func(string)) {
	seen := map[string]bool{}
	once := func(text string) {
		if !seen[text] {
			seen[text] = true
			f(text)
		}
	}
	for _, name := range files {
		file, err := vectors.Load(name)
		if err != nil {
			panic(fmt.Sprintf("seed: %v", err))
		}
		for _, test := range file.All() {
			for _, v := range []vectors.Value{test.Inputs, test.Intermediate, test.Output} {
				walk(v, once)
			}
		}
	}
}

// walk calls f with each text in a JSON value.
func walk(v vectors.Value, f func(string)) {
	if v.IsNull() {
		return
	}
	var tree any
	if err := json.Unmarshal(v, &tree); err != nil {
		panic(fmt.Sprintf("seed: %v", err)) // it is part of a JSON file that was read
	}
	walkTree(tree, f)
}

func walkTree(tree any, f func(string)) {
	switch tree := tree.(type) {
	case string:
		f(tree)
	case []any:
		for _, v := range tree {
			walkTree(v, f)
		}
	case map[string]any:
		keys := make([]string, 0, len(tree))
		for k := range tree {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			walkTree(tree[k], f)
		}
	}
}
