// Package chat holds the part of the SimpleX chat protocol that a text client needs to talk
// to the official apps: the information with which a connection starts (x.info, x.contact),
// text messages (x.msg.new, x.msg.update), and the end of a contact (x.direct.del). The
// agent carries its encodings as opaque bytes.
//
// A body is one of these, told apart by its first byte:
//
//	{   one message: a JSON object with "v", "msgId", "event" and "params"
//	[   a JSON array of messages
//	=   a count byte and that many elements, each with a word16 length
//	X   a count byte and that many parts, each "0" and a string with a one-byte length, or
//	    "1" and a zstd frame with a word16 length; a part holds one of the other forms
//	F   a chunk of a file, in binary
//	/   a signed message of a group
//	>   a message that a group forwards
//
// Groups, files, calls and reactions are recognised and left alone: Decode returns them as
// KindOther. The texts that a peer chooses, names among them, are returned as they came: a
// caller that writes them to a terminal has to remove control characters, which
// CleanDisplayName does for names.
//
// Source: SimpleX Chat Protocol (docs/protocol/simplex-chat.md and its JTD schema); the
// limits, the batches and the compression are those of the official app, which the document
// does not describe.
package chat
