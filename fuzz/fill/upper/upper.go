// Package upper has the functions with which package fill makes values of the layers above
// smp: addresses, links and their data, ratchet parameters and headers, agent messages.
//
//	c := fill.Value[link.Connection](upper.Filler(data))
//
// The values are those that the text and the binary form of a type can both hold, as far as
// one function can see to that. What a version has no place for is in them all the same: the
// functions whose names end in At tell what is left of it.
package upper

import (
	"github.com/google/gofuzz"

	"smpcheck/fuzz/fill"
	"smpcheck/reference/smp"
)

// Filler returns a filler that knows the types of this package and those of fill at the
// newest version of SMP.
func Filler(data []byte) *fill.Filler { return fill.Valid(data, smp.MaxVersion, Functions()...) }

// Functions returns the functions of this package, as fill.Valid takes them.
func Functions() []any {
	return []any{
		fills(Host), fills(Server), fills(QueueURI), fills(QueueInfo), fills(Connection), fills(ShortLink),
		fills(FixedData), fills(Owner), fills(UserData),
		fills(Offer), fills(Parameters), fills(Header), fills(EncryptedMessage),
		fills(QueueAddress), fills(AMessage), fills(Message), fills(Envelope),
	}
}

// fills makes a function of gofuzz of one that returns a value.
func fills[T any](value func(fuzz.Continue) T) func(*T, fuzz.Continue) {
	return func(into *T, c fuzz.Continue) { *into = value(c) }
}
