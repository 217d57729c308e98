// Package regression keeps what the fuzzers have found in a form that is tried again for
// ever: a finding about a relay as a conformance case, a finding about a codec as a
// vector. Each is one JSON file in a folder; the schemas Case and Vector describe them.
//
// An id is for ever: it names the file, is used once, and is none of a built-in case.
package regression

import _ "embed"

// CaseSchema and VectorSchema are the JSON Schemas, draft 2020-12, of both forms.
var (
	//go:embed case.schema.json
	CaseSchema []byte
	//go:embed vector.schema.json
	VectorSchema []byte
)
