package ratchet

import (
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// Parameters are the public X3DH parameters of one side at one version, as
// agent envelopes carry them: two X448 keys and, from PQVersion on, optional
// KEM parameters. In agentConfirmation they come from the joining side and may
// accept the KEM; in agentRatchetKey they may only propose it (see
// RequireProposal). Agent protocol, "Communication between SMP agents"; the encoding is
// that of the official implementation.
type Parameters struct {
	Version    uint16
	Key1, Key2 keys.PublicKey // X448
	KEM        *KEMParameters // nil: no KEM
}

// Offer is the form of the parameters in connection links: a range of versions
// instead of one, and KEM parameters that may only propose. Agent protocol, "Link
// data encryption" (e2eRatchetParams).
type Offer struct {
	Versions   wire.VersionRange
	Key1, Key2 keys.PublicKey // X448
	KEM        *KEMParameters // nil or proposed
}

// Offer returns the parameters with a range of versions in the place of their
// version.
func (p Parameters) Offer(versions wire.VersionRange) Offer {
	return Offer{Versions: versions, Key1: p.Key1, Key2: p.Key2, KEM: p.KEM}
}

// Agree returns the parameters at the highest version that the offer and
// supported have in common, without KEM parameters if it is below PQVersion.
// Without a common version it returns ErrVersion.
func (o Offer) Agree(supported wire.VersionRange) (Parameters, error) {
	common, ok := o.Versions.Common(supported)
	if !ok {
		return Parameters{}, fmt.Errorf("%w: %v offered, %v supported", ErrVersion, o.Versions, supported)
	}
	p := Parameters{Version: common.Max, Key1: o.Key1, Key2: o.Key2}
	if p.Version >= PQVersion {
		p.KEM = o.KEM
	}
	return p, nil
}

// RequireProposal returns ErrKEMState if the parameters accept a KEM, for the
// places where they come from the side that can only propose one.
func (p Parameters) RequireProposal() error { return requireProposal(p.KEM) }

func requireProposal(k *KEMParameters) error {
	if k != nil && k.Accepted() {
		return fmt.Errorf("%w: accepted where it can only be proposed", ErrKEMState)
	}
	return nil
}

// Check refuses keys of another algorithm than X448 (keys.ErrAlgorithm), KEM
// parameters of the wrong size (ErrKEMSize), and KEM parameters below
// PQVersion; all of them are ErrParameters too.
func (p Parameters) Check() error {
	if err := checkKeys(p.Key1, p.Key2); err != nil {
		return err
	}
	if p.KEM != nil && p.Version < PQVersion {
		return fmt.Errorf("%w: KEM parameters at version %d", ErrParameters, p.Version)
	}
	return p.KEM.Check()
}

// Check refuses a range of versions whose minimum is above its maximum, keys of
// another algorithm than X448 and KEM parameters of the wrong size with
// ErrParameters, and an accepted KEM with ErrKEMState.
func (o Offer) Check() error {
	if o.Versions.Min > o.Versions.Max {
		return fmt.Errorf("%w: versions %v", ErrParameters, o.Versions)
	}
	if err := checkKeys(o.Key1, o.Key2); err != nil {
		return err
	}
	if err := requireProposal(o.KEM); err != nil {
		return err
	}
	return o.KEM.Check()
}

func checkKeys(both ...keys.PublicKey) error {
	for _, k := range both {
		if k.Algorithm() != keys.X448 {
			return fmt.Errorf("%w: %w: key of algorithm %v, expected X448", ErrParameters, keys.ErrAlgorithm, k.Algorithm())
		}
	}
	return nil
}

// Put writes the binary form: version, two keys as short strings of their
// SubjectPublicKeyInfo, and from PQVersion on the optional KEM parameters.
func (p Parameters) Put(w *wire.Writer) {
	if err := p.Check(); err != nil {
		w.Fail(err)
		return
	}
	w.Uint16(p.Version)
	putKeys(w, p.Key1, p.Key2)
	if p.Version >= PQVersion {
		p.KEM.put(w)
	}
}

// Put writes the binary form: range of versions, two keys as short strings of
// their SubjectPublicKeyInfo, and at every version the optional KEM parameters.
func (o Offer) Put(w *wire.Writer) {
	if err := o.Check(); err != nil {
		w.Fail(err)
		return
	}
	w.Range(o.Versions)
	putKeys(w, o.Key1, o.Key2)
	o.KEM.put(w)
}

func putKeys(w *wire.Writer, key1, key2 keys.PublicKey) {
	w.Short(key1.SPKI())
	w.Short(key2.SPKI())
}

// ReadParameters reads the binary form from the midst of a structure. Every
// version reads; whether it is supported is for InitSender and InitReceiver.
func ReadParameters(r *wire.Reader) Parameters {
	p := Parameters{Version: r.Uint16()}
	p.Key1, p.Key2 = readKey(r), readKey(r)
	if p.Version >= PQVersion {
		p.KEM = readKEMParameters(r)
	}
	if r.Err() != nil {
		return Parameters{}
	}
	return p
}

// ReadOffer reads the binary form from the midst of a structure. An accepted
// KEM is ErrKEMState.
func ReadOffer(r *wire.Reader) Offer {
	o := Offer{Versions: r.Range()}
	o.Key1, o.Key2 = readKey(r), readKey(r)
	o.KEM = readKEMParameters(r)
	if err := requireProposal(o.KEM); err != nil {
		r.Fail(err)
	}
	if r.Err() != nil {
		return Offer{}
	}
	return o
}

// readKey reads a short string with the SubjectPublicKeyInfo of an X448 key.
func readKey(r *wire.Reader) keys.PublicKey {
	der := r.Short()
	if r.Err() != nil {
		return keys.PublicKey{}
	}
	k, err := keys.ParsePublic(der)
	if err == nil {
		err = checkKeys(k)
	}
	if err != nil {
		r.Fail(fmt.Errorf("ratchet key: %w", err))
		return keys.PublicKey{}
	}
	return k
}

// Encode returns the binary form, or the error of Check.
func (p Parameters) Encode() ([]byte, error) { return encode("ratchet parameters", p.Put) }

// Encode returns the binary form, or the error of Check.
func (o Offer) Encode() ([]byte, error) { return encode("ratchet offer", o.Put) }

// DecodeParameters reads the binary form; bytes after it are an error.
func DecodeParameters(b []byte) (Parameters, error) {
	return decode("ratchet parameters", b, ReadParameters)
}

// DecodeOffer reads the binary form; bytes after it are an error.
func DecodeOffer(b []byte) (Offer, error) { return decode("ratchet offer", b, ReadOffer) }

func encode(what string, put func(*wire.Writer)) ([]byte, error) {
	w := wire.NewWriter(nil)
	put(w)
	b, err := w.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", what, err)
	}
	return b, nil
}

func decode[T any](what string, b []byte, read func(*wire.Reader) T) (T, error) {
	r := wire.NewReader(b)
	v := read(r)
	if err := r.Close(); err != nil {
		var zero T
		return zero, fmt.Errorf("decoding %s: %w", what, err)
	}
	return v, nil
}
