package ratchet_test

import (
	"crypto/rand"
	"fmt"
	"log"

	"smpcheck/reference/ratchet"
)

// Two sides agree and exchange a message each way.
func Example() {
	must := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	source := ratchet.NewKeys(rand.Reader)

	// Bob initiates: his parameters go into an invitation link.
	bobPrivate, err := ratchet.Propose(source, ratchet.MaxVersion, true)
	must(err)
	offer := bobPrivate.Public(ratchet.MaxVersion).Offer(ratchet.Versions())

	// Alice joins: her parameters and her first message go into a confirmation.
	bobPublic, err := offer.Agree(ratchet.Versions())
	must(err)
	alicePrivate, err := ratchet.Reply(source, bobPublic, true)
	must(err)
	alice, err := ratchet.InitSender(source, alicePrivate, bobPublic, ratchet.MaxVersion)
	must(err)
	confirmation, alice, err := alice.Encrypt([]byte("hello"), ratchet.PQConnectionInfoLength, ratchet.Options{})
	must(err)

	// Bob has what he needs to answer.
	bob, err := ratchet.InitReceiver(bobPrivate, alicePrivate.Public(bobPublic.Version), ratchet.MaxVersion, true)
	must(err)
	content, bob, err := bob.Decrypt(source, confirmation)
	must(err)
	fmt.Printf("Bob got %q\n", content)
	answer, _, err := bob.Encrypt([]byte("hi"), ratchet.PQMessageLength, ratchet.Options{})
	must(err)
	content, alice, err = alice.Decrypt(source, answer)
	must(err)
	fmt.Printf("Alice got %q, post-quantum both ways: %v\n", content, alice.SendKEM && alice.ReceiveKEM)
	// Output:
	// Bob got "hello"
	// Alice got "hi", post-quantum both ways: true
}
