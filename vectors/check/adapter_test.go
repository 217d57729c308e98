package check_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
	"smpcheck/vectors/check"
)

// behaviour is the environment variable that makes the test program an adapter.
const behaviour = "SMPCHECK_TEST_ADAPTER"

// adapters are the programs that the tests start: a right one, and wrong ones.
var adapters = map[string]func(in io.Reader, out io.Writer){
	"right": func(in io.Reader, out io.Writer) { serve(paddingCodec{}, in, out) },
	// Takes whatever follows the length, however long the length says it is.
	"careless": func(in io.Reader, out io.Writer) { serve(paddingCodec{careless: true}, in, out) },
	// Answers every operation, known or not.
	"obliging": func(in io.Reader, out io.Writer) { serve(obliging{}, in, out) },
	// Refuses everything with a class that says nothing about the protocol.
	"clueless": func(in io.Reader, out io.Writer) { serve(clueless{}, in, out) },
	"mute":     func(in io.Reader, _ io.Writer) { _, _ = io.Copy(io.Discard, in) },
	"deaf":     func(io.Reader, io.Writer) { select {} },
	"dead":     func(io.Reader, io.Writer) { fmt.Fprintln(os.Stderr, "no licence key found") },
	"endless": func(_ io.Reader, out io.Writer) {
		for {
			if _, err := out.Write(bytes.Repeat([]byte("a"), 1<<20)); err != nil {
				return
			}
		}
	},
	"echo":  func(in io.Reader, out io.Writer) { _, _ = io.Copy(out, in) },
	"late":  answering(`{"id":99,"unsupported":true}`),
	"both":  answering(`{"id":1,"unsupported":true,"error":"X"}`),
	"none":  answering(`{"id":1}`),
	"prose": answering("I do not know"),
}

func serve(adapter check.Adapter, in io.Reader, out io.Writer) {
	if err := check.Serve(context.Background(), adapter, in, out); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// answering returns an adapter that answers each line with the same text.
func answering(text string) func(io.Reader, io.Writer) {
	return func(in io.Reader, out io.Writer) {
		b := make([]byte, 1<<16)
		for {
			if _, err := in.Read(b); err != nil {
				return
			}
			fmt.Fprintln(out, text)
		}
	}
}

func TestMain(m *testing.M) {
	if run := adapters[os.Getenv(behaviour)]; run != nil {
		run(os.Stdin, os.Stdout)
		return
	}
	os.Exit(m.Run())
}

// paddingCodec knows two operations.
type paddingCodec struct{ careless bool }

func (c paddingCodec) Do(_ context.Context, operation string, inputs map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	switch operation {
	case "pad":
		return c.pad(inputs)
	case "unpad":
		return c.unpad(inputs)
	}
	return nil, check.ErrUnsupported
}

func (c paddingCodec) pad(inputs map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	var message vectors.Hex
	var length int
	if json.Unmarshal(inputs["message"], &message) != nil || json.Unmarshal(inputs["length"], &length) != nil {
		return nil, &check.Refusal{Class: check.BadRequest}
	}
	if len(message) > length-2 {
		return nil, &check.Refusal{Class: "TooLong"}
	}
	padded := binary.BigEndian.AppendUint16(nil, uint16(len(message)))
	padded = append(padded, message...)
	padded = append(padded, bytes.Repeat([]byte("#"), length-len(padded))...)
	return answer("padded", padded), nil
}

func (c paddingCodec) unpad(inputs map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	var padded vectors.Hex
	if json.Unmarshal(inputs["padded"], &padded) != nil {
		return nil, &check.Refusal{Class: check.BadRequest}
	}
	if len(padded) < 2 {
		return nil, &check.Refusal{Class: "Truncated"}
	}
	length, rest := int(binary.BigEndian.Uint16(padded)), padded[2:]
	if length > len(rest) {
		if !c.careless {
			return nil, &check.Refusal{} // a codec need not tell the class
		}
		length = len(rest)
	}
	a := answer("message", rest[:length])
	a["padding"] = answer("padding", rest[length:])["padding"]
	return a, nil
}

func answer(name string, value vectors.Hex) map[string]json.RawMessage {
	return map[string]json.RawMessage{name: json.RawMessage(`"` + value.String() + `"`)}
}

type obliging struct{}

func (obliging) Do(context.Context, string, map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	return answer("padded", nil), nil
}

type clueless struct{}

func (clueless) Do(_ context.Context, operation string, _ map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	if strings.HasPrefix(operation, "no-such") {
		return nil, check.ErrUnsupported
	}
	return nil, &check.Refusal{Class: check.BadRequest, Detail: "what is a message?"}
}

// vague gives every refusal that has no class the class of truncated bytes.
type vague struct{ paddingCodec }

func (v vague) Do(ctx context.Context, operation string, inputs map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	answer, err := v.paddingCodec.Do(ctx, operation, inputs)
	if refusal := new(check.Refusal); errors.As(err, &refusal) && refusal.Class == "" {
		return nil, &check.Refusal{Class: "Truncated"}
	}
	return answer, err
}

// start starts the test program as an adapter.
func start(t *testing.T, name string) *check.Process {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	timeout := check.AnswerTimeout
	if name == "mute" || name == "deaf" {
		timeout = shortTimeout
	}
	p, err := check.Start(t.Context(), []string{"env", behaviour + "=" + name, program}, timeout)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}
