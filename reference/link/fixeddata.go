package link

import (
	"bytes"

	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// FixedData is the part of link data that never changes. Its hash is the link key.
type FixedData struct {
	AgentVersions wire.VersionRange
	// RootKey verifies the link data: Ed25519.
	RootKey keys.PublicKey
	// Connection is the full link that the short link stands for.
	Connection Connection
	// EntityID is for the application, such as the id of a group; at most 255 bytes,
	// nil if there is none.
	EntityID []byte
}

// Write appends the binary form: agent versions, the root key as a short string, the
// connection, and the entity id as a short string if there is one. Agent protocol,
// "Link data encryption".
func (d FixedData) Write(w *wire.Writer) {
	w.Range(d.AgentVersions)
	writeKey(w, d.RootKey, keys.Ed25519)
	d.Connection.Write(w)
	if d.EntityID != nil {
		w.Short(d.EntityID)
	}
}

// ReadFixedData reads the form that Write appends, and everything that follows: bytes
// after the entity id are left to later versions. Bytes that are not an entity id do
// not matter either, as in the official implementation.
func ReadFixedData(r *wire.Reader) FixedData {
	d := FixedData{AgentVersions: r.Range(), RootKey: readKey(r, keys.Ed25519), Connection: ReadConnection(r)}
	if r.Err() != nil {
		return FixedData{}
	}
	tail := wire.NewReader(r.Rest())
	if id := tail.Short(); tail.Err() == nil {
		d.EntityID = append([]byte{}, id...)
	}
	return d
}

// Equal reports whether both have the same binary form.
func (d FixedData) Equal(o FixedData) bool {
	b, err := Encode(d)
	ob, oerr := Encode(o)
	return err == nil && oerr == nil && bytes.Equal(b, ob)
}
