// Package smp is the codec of the SimpleX Messaging Protocol at versions 6 to
// 20: commands, responses and errors, the transmissions that carry them, their
// authorization, the blocks that carry transmissions, and the contents of
// messages. It opens no connections and keeps no state.
//
// Commands and responses are plain structs with the names of the protocol:
//
//	b, err := smp.EncodeCommand(18, smp.SEND{Notify: true, Body: body})
//	c, err := smp.DecodeCommand(18, b)
//
// A field is encoded and decoded in one place for all versions. Decoding is
// strict: unknown tags, wrong lengths and trailing bytes are errors with a
// name, and every error of a decoder has in its chain the *Error that the
// protocol foresees for it. A field that has no place at a version is left out
// when it is encoded at that version, as the official implementation does.
//
// Decoded values alias the bytes that they were decoded from.
//
// Sources: the document "Simplex Messaging Protocol" version 20 and, where it
// is silent or differs, the official implementation simplexmq; comments say
// which.
package smp
