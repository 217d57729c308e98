package smp_test

import (
	"crypto/rand"
	"errors"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// A command is a struct; the version decides how it looks on the wire.
func ExampleEncodeCommand() {
	b, err := smp.EncodeCommand(18, smp.SEND{Notify: true, Body: []byte("hello")})
	fmt.Printf("%q %v\n", b, err)
	// Output: "SEND T hello" <nil>
}

// The error of a decoder says what a relay answers and, for people, why.
func ExampleDecodeCommand() {
	_, err := smp.DecodeCommand(18, []byte("ACK \x05abc"))
	fmt.Println(errors.Is(err, smp.ErrCmdSyntax))
	fmt.Println(err)
	// Output:
	// true
	// decoding ACK: input ends inside a field: 5 bytes wanted at offset 2, 3 left (CMD SYNTAX)
}

// What a response decodes to is found by a type switch.
func ExampleDecodeResponse() {
	for _, b := range []string{"OK", "ERR CMD PROHIBITED", "MSG \x03id!body"} {
		r, err := smp.DecodeResponse(18, []byte(b))
		if err != nil {
			fmt.Println(err)
			continue
		}
		switch r := r.(type) {
		case smp.OK:
			fmt.Println("done")
		case smp.ERR:
			fmt.Println("refused:", r.Err)
		case smp.MSG:
			fmt.Printf("message %q of %d bytes\n", r.ID, len(r.Body))
		}
	}
	// Output:
	// done
	// refused: CMD PROHIBITED
	// message "id!" of 4 bytes
}

// From a command to the content of a block and back: the client's side, then the
// relay's.
func ExampleTransmission_Authorize() {
	const version = 18
	sessionID := []byte("the identifier of the TLS session")
	recipient, err := keys.Generate(keys.X25519, rand.Reader)
	check(err)
	relay, err := keys.Generate(keys.X25519, rand.Reader)
	check(err)
	correlationID := make([]byte, smp.CorrelationIDSize)
	_, err = rand.Read(correlationID)
	check(err)

	authorizer, err := smp.NewAuthorizer(recipient, relay.Public())
	check(err)
	t, err := smp.CommandTransmission(version, sessionID, correlationID, []byte("recipient id"), smp.SUB{})
	check(err)
	check(t.Authorize(sessionID, authorizer))
	item, err := t.Encode(version)
	check(err)
	content, err := smp.EncodeBlock(item)
	check(err)

	verifier := smp.Verifier{SessionID: sessionID, SessionKey: relay}
	for _, received := range smp.DecodeCommands(version, sessionID, content) {
		if received.Err != nil {
			fmt.Println("answer", smp.AnswerTo(received.Err))
			continue
		}
		ok := verifier.Verify(&received.Transmission, recipient.Public())
		fmt.Printf("%s for %q, authorized: %v\n", received.Command.Tag(), received.Transmission.EntityID, ok)
	}
	// Output: SUB for "recipient id", authorized: true
}

// Many transmissions are spread over blocks as the official implementation does
// it: the last block is the fullest.
func ExampleBatch() {
	transmissions := make([][]byte, 300)
	for _, block := range smp.Batch(transmissions, smp.EncryptedContent) {
		fmt.Println(block.First, block.Count, block.Err)
	}
	// Output:
	// 0 45 <nil>
	// 45 255 <nil>
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
