package link

import (
	"bytes"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// QueueInfo is the address of a queue at one SMP client version, as it stands in
// messages.
type QueueInfo struct {
	// Version is an SMP client version.
	Version uint16
	QueueAddress
}

// Write appends the binary form: the range of versions, the server, then id and key as
// short strings, then the mode. What of the mode is written depends on the versions:
// from minimum 4 on "M", "C" or nothing; from minimum 3 on "T" for messaging and "F"
// for everything else; below, "T" for messaging if the maximum is 3 or more, otherwise
// nothing. Agent protocol, "Link data encryption".
func (q QueueURI) Write(w *wire.Writer) {
	w.Range(q.ClientVersions)
	q.Server.Write(w)
	q.writeTail(w)
	switch {
	case q.ClientVersions.Min >= ShortLinksClientVersion:
		q.writeMode(w)
	case q.hasModeByte():
		w.Bool(q.Mode == smp.Messaging)
	}
}

// hasModeByte reports whether the binary form ends in a byte for the mode.
func (q QueueURI) hasModeByte() bool {
	switch v := q.ClientVersions; {
	case v.Min >= ShortLinksClientVersion:
		return q.Mode != 0
	case v.Min >= SenderSecureClientVersion:
		return true
	default:
		return v.Max >= SenderSecureClientVersion && q.Mode == smp.Messaging
	}
}

// ReadQueueURI reads the form that Write appends. As in the official implementation
// any of the letters M, C, T and F is taken for the mode, whatever the versions.
func ReadQueueURI(r *wire.Reader) QueueURI {
	q := QueueURI{ClientVersions: r.Range()}
	q.Server = ReadServer(r)
	q.readTail(r)
	return orZero(r, q)
}

// Write appends the binary form: version, server, then id and key as short strings,
// then the mode: at version 4 "M", "C" or nothing; at version 3 "T" for messaging or
// nothing; below always nothing. At version 1 the server has one host without a count.
// Of a mode that is not written, and of further hosts at version 1, nothing comes back.
func (q QueueInfo) Write(w *wire.Writer) {
	w.Uint16(q.Version)
	if q.Version < HostsClientVersion {
		q.Server.WriteLegacy(w)
	} else {
		q.Server.Write(w)
	}
	q.writeTail(w)
	switch {
	case q.Version >= ShortLinksClientVersion:
		q.writeMode(w)
	case q.Version >= SenderSecureClientVersion && q.Mode == smp.Messaging:
		w.Bool(true)
	}
}

// ReadQueueInfo reads the form that Write appends. As in the official implementation
// any of the letters M, C, T and F is taken for the mode, whatever the version, also
// where it is the first letter of the text that follows.
func ReadQueueInfo(r *wire.Reader) QueueInfo {
	q := QueueInfo{Version: r.Uint16()}
	if q.Version < HostsClientVersion {
		q.Server = ReadLegacyServer(r)
	} else {
		q.Server = ReadServer(r)
	}
	q.readTail(r)
	return orZero(r, q)
}

func (a QueueAddress) writeTail(w *wire.Writer) {
	w.Short(a.SenderID)
	writeKey(w, a.DHKey, keys.X25519)
}

func (a QueueAddress) writeMode(w *wire.Writer) {
	switch a.Mode {
	case 0:
	case smp.Messaging, smp.Contact:
		w.Byte(byte(a.Mode))
	default:
		w.Fail(fmt.Errorf("%w: %v", smp.ErrMode, a.Mode))
	}
}

func (a *QueueAddress) readTail(r *wire.Reader) {
	a.SenderID = bytes.Clone(r.Short())
	a.DHKey = readKey(r, keys.X25519)
	b, _ := r.Peek()
	if mode, ok := modeLetters[b]; ok {
		r.Byte()
		a.Mode = mode
	}
}

// modeLetters are the bytes that follow an address: modes, or whether the sender may
// secure the queue.
var modeLetters = map[byte]smp.QueueMode{
	'M': smp.Messaging,
	'T': smp.Messaging,
	'C': smp.Contact,
	'F': smp.Contact,
}

func writeKey(w *wire.Writer, k keys.PublicKey, algorithm keys.Algorithm) {
	if k.Algorithm() != algorithm {
		w.Fail(fmt.Errorf("%w: %v, expected %v", ErrKey, k.Algorithm(), algorithm))
	}
	w.Short(k.SPKI())
}

func readKey(r *wire.Reader, algorithm keys.Algorithm) keys.PublicKey {
	der := r.Short()
	if r.Err() != nil {
		return keys.PublicKey{}
	}
	k, err := decodeKey(der, algorithm)
	if err != nil {
		r.Fail(err)
	}
	return k
}

// orZero returns v, or a zero value after an error.
func orZero[T any](r *wire.Reader, v T) T {
	if r.Err() != nil {
		var zero T
		return zero
	}
	return v
}

// Encode returns the binary form of v.
func Encode(v interface{ Write(*wire.Writer) }) ([]byte, error) {
	w := wire.NewWriter(nil)
	v.Write(w)
	return w.Bytes()
}

// Decode reads the whole of b with one of the Read functions of this package; bytes
// that remain are wire.ErrTrailing.
func Decode[T any](b []byte, read func(*wire.Reader) T) (T, error) {
	r := wire.NewReader(b)
	v := read(r)
	if err := r.Close(); err != nil {
		var zero T
		return zero, err
	}
	return v, nil
}
