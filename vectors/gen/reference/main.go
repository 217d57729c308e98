// Command reference makes the vectors of this project with its reference implementation,
// their schemas, and the page about the operations.
//
//	go run ./vectors/gen/reference [-to vectors] [-kind KIND]
//
// The output depends on nothing else: running the command again writes the same bytes.
// It exits with 0, with 1 when the reference implementation does not agree with a
// vector, and with 2 on bad usage.
package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"smpcheck/vectors/gen/build"
)

// kinds make one file each, of the name.
var kinds = map[string]func() *build.File{
	"agent_envelope":      agentEnvelope,
	"agent_message":       agentMessage,
	"agent_padding":       agentPadding,
	"encoding":            encoding,
	"sntrup761":           kemKind,
	"key_agreement":       keyAgreements,
	"ratchet_kdf":         ratchetKDF,
	"ratchet_step":        ratchetStepKind,
	"conversation":        conversations,
	"ratchet_header":      ratchetHeaders,
	"ratchet_message":     ratchetMessages,
	"certificate":         certificates,
	"padding":             padding,
	"queue_uri":           queueURI,
	"connection_link":     connectionLink,
	"short_link":          shortLink,
	"link_data":           linkDataVectors,
	"server_hello":        serverHello,
	"client_hello":        clientHello,
	"service_hello":       serviceHello,
	"spki":                spki,
	"server_address":      serverAddress,
	"secret_box":          secretBox,
	"crypto_box":          cryptoBox,
	"authenticator":       authenticators,
	"block_encryption":    blockEncryption,
	"delivery":            delivery,
	"notification":        notification,
	"sender_id":           senderIDs,
	"queue_envelope":      queueEnvelope,
	"proxy":               proxy,
	"smp_transmission":    smpTransmission,
	"smp_block":           smpBlock,
	"smp_command":         smpCommands,
	"smp_response":        smpResponses,
	"version_negotiation": versionNegotiation,
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("reference", flag.ContinueOnError)
	flags.SetOutput(stderr)
	to := flags.String("to", "vectors", "`folder` of the vectors")
	only := flags.String("kind", "", "make the vectors of this `kind` alone")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintln(stderr, "reference: expected flags and nothing else; see -help")
		return 2
	}
	if err := makeAll(*to, *only, stdout); err != nil {
		fmt.Fprintln(stderr, "reference:", err)
		return 1
	}
	return 0
}

func makeAll(to, only string, progress io.Writer) error {
	for _, folder := range []string{"generated", filepath.Join("schema", "generated")} {
		if err := os.MkdirAll(filepath.Join(to, folder), 0o755); err != nil {
			return err
		}
	}
	names := slices.Sorted(maps.Keys(kinds))
	if only != "" {
		if kinds[only] == nil {
			return fmt.Errorf("kind %q is none of %s", only, strings.Join(names, ", "))
		}
		names = []string{only}
	}
	for _, name := range names {
		f, err := kinds[name]().Finish()
		if err != nil {
			return err
		}
		if f.Kind != name {
			return fmt.Errorf("the generator of %s made vectors of %s", name, f.Kind)
		}
		if err := build.Write(to, f); err != nil {
			return err
		}
		fmt.Fprintf(progress, "%-22s %5d tests\n", f.Kind, f.Count)
	}
	return writeOperations(to)
}
