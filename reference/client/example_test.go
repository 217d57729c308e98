package client_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"time"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// Two clients of one relay: one creates a queue and receives, the other one
// sends. Here the relay runs in the same process; Address and KeyHash are all
// that is needed of another one.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	if err != nil {
		log.Fatal(err)
	}
	server, err := relay.Listen(ctx, "127.0.0.1:0", relay.Config{Credentials: credentials})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	keyHash := server.Fingerprint()
	config := client.Config{Address: server.Addr().String(), KeyHash: keyHash[:]}

	// Dial and create a queue.
	recipient, err := client.Dial(ctx, config)
	if err != nil {
		log.Fatal(err)
	}
	defer recipient.Close()
	queue, err := recipient.CreateQueue(ctx, client.QueueOptions{Mode: smp.Messaging})
	if err != nil {
		log.Fatal(err)
	}

	// The sender has learned queue.SenderID by other means. It secures the queue
	// with a key of its own and sends.
	sender, err := client.Dial(ctx, config)
	if err != nil {
		log.Fatal(err)
	}
	defer sender.Close()
	key, err := keys.Generate(keys.X25519, rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	to := client.SenderQueue{SenderID: queue.SenderID, Key: key}
	if err := sender.SecureBySender(ctx, to); err != nil {
		log.Fatal(err)
	}
	for _, text := range []string{"hello", "bye"} {
		if err := sender.SendMessage(ctx, to, false, []byte(text)); err != nil {
			log.Fatal(err)
		}
	}

	// Messages come as events, one at a time: the next one after the ACK.
	for event := range recipient.Events() {
		message, ok := event.Response.(smp.MSG)
		if !ok {
			continue
		}
		content, err := queue.Decrypt(message)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(content.Body))
		if err := recipient.Ack(ctx, queue, message.ID); err != nil {
			log.Fatal(err)
		}
		if string(content.Body) == "bye" {
			break
		}
	}
	// Output:
	// hello
	// bye
}
