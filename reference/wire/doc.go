// Package wire holds the primitive encodings of the SimpleX protocols:
// big-endian integers, strings with a one-byte or word16 length, optional
// values, booleans, version ranges, and padding to a fixed size.
//
// Writer and Reader keep the first error and turn later calls into no-ops, so
// that a structure is written and read field by field and checked once at the
// end. The Reader is strict: bytes that remain are an error.
//
// Everything above this package uses it; it knows nothing of queues or
// messages.
package wire
