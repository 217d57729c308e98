// Package message holds the codecs of the agent protocol: what two agents write to each
// other through SMP queues. There are three structures, one inside the other:
//
//   - Envelope is the body of the SMP client message. It holds ciphertext of the double
//     ratchet, or, while there is no ratchet, a connection request or new ratchet keys.
//   - Message is what the ratchet decrypts: the information with which a connection
//     starts, or a numbered message.
//   - AMessage is the content of a numbered message: the user's text, receipts, and the
//     steps of queue rotation and of renewed encryption.
//
// Chain gives the numbered messages their numbers and hashes, and checks them. The
// package encrypts nothing, keeps no connection and stores nothing. Nothing at this layer
// is compressed: compression belongs to the application above the agent.
//
// Decoders are strict: bytes that remain, empty lists and unknown tags are errors. What
// they return aliases their input where a field is bytes.
package message
