// Package link reads and writes the addresses of SMP: relays and, in the forms that
// clients exchange, queues and connections; and the encrypted data behind short links.
//
//	Server         smp://KEYHASH@HOST:PORT
//	QueueURI       smp://KEYHASH@HOST:PORT/SENDERID#/?v=…&dh=…   for a range of client versions
//	QueueInfo      the same at one client version, binary only
//	Connection     simplex:/invitation#/?v=…&smp=…&e2e=… and simplex:/contact#/?v=…&smp=…
//	ShortLink      simplex:/a#KEY?h=… and https://HOST/a#KEY, types i, a, c, g, r
//	FixedData      what a short link stands for; its hash is the link key
//	UserData       what the owners of a link may change
//	PreparedLink   both, signed and encrypted for the relay
//
// Texts are read by Parse functions and written by Text. They accept what the official
// implementation accepts, so that no link in use is refused; Check tells when a text is
// not what the documents have. Binary forms are read by Read functions from the midst
// of a structure and written by Write; Decode and Encode take the whole.
//
// Links are secrets: whoever has one can connect. No error quotes a key or a link.
package link
