package vectors

import "iter"

// File is one file of known answers: a header and groups of tests.
type File struct {
	Format   string            `json:"format"`   // "smpcheck-vectors-1"
	Kind     string            `json:"kind"`     // decides the form of inputs and output; same as the file's name
	What     string            `json:"what"`     // what the tests are about
	Source   Source            `json:"source"`   // who produced the values
	Versions [2]uint16         `json:"versions"` // lowest and highest SMP version of the source
	Count    int               `json:"count"`    // number of tests in all groups
	Notes    []string          `json:"notes"`    // conventions of this file
	Flags    map[string]string `json:"flags"`    // explains each flag that the tests carry
	Groups   []Group           `json:"groups"`
}

// Source names the software that produced the values.
type Source struct {
	Repository  string `json:"repository"`
	Branch      string `json:"branch,omitempty"`
	Commit      string `json:"commit,omitempty"`
	Version     string `json:"version"`
	CodeLicence string `json:"code_licence"` // of that software; no code of it is here
	Note        string `json:"note"`
}

// Group is a set of tests of the same form.
type Group struct {
	Name string `json:"name"` // the part of the ids before the first slash
	What string `json:"what"`
	// Operations are the ways in which each valid test can be used, such as "pad" and
	// "unpad": their fields are found by name in inputs, intermediate values and output.
	// Official files have none; what can be done with them depends on the group.
	Operations []string `json:"operations,omitempty"`
	Tests      []Test   `json:"tests"`
}

// Generated reports whether the file was made by this project and not by the official
// implementation.
func (f *File) Generated() bool { return f.Source.Repository == "smpcheck" }

// Result says whether the source accepted the input of a test.
type Result string

const (
	// Valid: the source accepted the input and Output is its answer.
	Valid Result = "valid"
	// Invalid: the source refused the input, or found no answer such as a
	// version in common.
	Invalid Result = "invalid"
)

// Test is one known answer.
type Test struct {
	ID   string `json:"id"`   // stable, unique in the file
	What string `json:"what"` // one line for people
	// Operation is what has to refuse the inputs, if the group has operations and the
	// test is invalid.
	Operation string `json:"operation,omitempty"`
	Inputs    Value  `json:"inputs"` // an object; its fields depend on kind and group
	// Intermediate is an object with the values on the way from inputs to output.
	Intermediate Value  `json:"intermediate,omitempty"`
	Result       Result `json:"result"`
	// Error is the name that the source gave to its refusal: the name on the
	// wire ("CMD SYNTAX", "AUTH") or of an error in its library, which is for
	// orientation only; that the input is refused is what counts. In our own files it is
	// a class of the Dictionary.
	Error  string   `json:"error,omitempty"`
	Output Value    `json:"output"` // null when there is nothing to compare with
	Flags  []string `json:"flags,omitempty"`

	// DecodeAtVersion holds what the source's decoder makes of Output at each
	// SMP version (commands and responses).
	DecodeAtVersion map[uint16]Decoded `json:"decode_at_version,omitempty"`
	// Decode holds what the source's decoder makes of Output (errors in
	// responses).
	Decode *DecodedError `json:"decode,omitempty"`
	// ClientResult and ServerResult are the ends of a complete handshake.
	ClientResult *HandshakeResult `json:"client_result,omitempty"`
	ServerResult *HandshakeResult `json:"server_result,omitempty"`
	// DecodedAgain is Output, a text or bytes in hexadecimal form, after the
	// source decoded and encoded it (links, queue information).
	DecodedAgain string `json:"decoded_again,omitempty"`
	// Binary is the binary form of a link of which Output is the text.
	Binary Hex `json:"binary,omitempty"`
	// BinaryDecodedAgain is Binary after the source decoded and encoded it: in
	// hexadecimal form, or for short links as text.
	BinaryDecodedAgain string `json:"binary_decoded_again,omitempty"`
	// Decoded holds what the source's decoder makes of Output (connection
	// information with a reply queue).
	Decoded *ReplyInfo `json:"decoded,omitempty"`
	// Decrypt tells what becomes of the link data in Output when the source
	// decrypts and verifies them: "ok" or "error".
	Decrypt string `json:"decrypt,omitempty"`

	// Checksum is what Sum computes, so that no byte of a vector changes unnoticed.
	Checksum string `json:"checksum,omitempty"`
}

// Decoded is the outcome of decoding bytes at one version.
type Decoded struct {
	Result    string `json:"result"`              // "ok" or "error"
	Error     string `json:"error,omitempty"`     // the error's name on the wire
	Reencoded Hex    `json:"reencoded,omitempty"` // set when encoding again gives other bytes: something was lost
}

// DecodedError is what becomes of an encoded protocol error.
type DecodedError struct {
	Result       string `json:"result"`        // "ok" or "error"
	Decoded      string `json:"decoded"`       // the value as the source prints it
	DecodedEqual bool   `json:"decoded_equal"` // whether nothing was lost
	Reencoded    Hex    `json:"reencoded"`     // the value encoded again
}

// ReplyInfo is what a decoder finds in connection information with a reply queue.
type ReplyInfo struct {
	ConnInfo  Hex     `json:"conn_info"`
	QueueMode *string `json:"queue_mode"` // "M", "C", or nil when there is none
}

// HandshakeResult is what one side knows after a handshake: OK or an error.
type HandshakeResult struct {
	OK    *HandshakeOK `json:"ok,omitempty"`
	Error string       `json:"error,omitempty"` // the error's name on the wire
}

// HandshakeOK are the properties of an agreed connection.
type HandshakeOK struct {
	Version          uint16    `json:"version"`            // agreed version
	Range            [2]uint16 `json:"range"`              // lowest and highest version that remain possible
	Batch            bool      `json:"batch"`              // blocks hold several transmissions
	BlockEncryption  bool      `json:"block_encryption"`   // blocks are encrypted inside TLS
	ServiceAuth      bool      `json:"service_auth"`       // authorizations are followed by a service signature
	SessionIDImplied bool      `json:"session_id_implied"` // the session id is signed but not sent
}

// Group returns the group with the given name and whether there is one.
func (f *File) Group(name string) (*Group, bool) {
	for i := range f.Groups {
		if f.Groups[i].Name == name {
			return &f.Groups[i], true
		}
	}
	return nil, false
}

// All walks over all tests with their groups, in the order of the file.
func (f *File) All() iter.Seq2[*Group, *Test] {
	return func(yield func(*Group, *Test) bool) {
		for i := range f.Groups {
			g := &f.Groups[i]
			for j := range g.Tests {
				if !yield(g, &g.Tests[j]) {
					return
				}
			}
		}
	}
}

// Invalid reports whether the input of the test has to be refused.
func (t *Test) Invalid() bool { return t.Result == Invalid }
