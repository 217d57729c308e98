package codec

import (
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// fixedParts is the content of fixed data.
type fixedParts struct {
	AgentVersions versions     `json:"agent_versions"`
	RootKey       vectors.Hex  `json:"root_key"`
	Connection    vectors.Hex  `json:"connection"`
	EntityID      *vectors.Hex `json:"entity_id"`
}

type fixedData struct {
	FixedData vectors.Hex `json:"fixed_data"`
}

type encodedFixed struct {
	FixedData vectors.Hex `json:"fixed_data"`
	LinkKey   vectors.Hex `json:"link_key"`
}

func encodeFixedData(in fixedParts) (encodedFixed, error) {
	v, err := in.AgentVersions.wire()
	if err != nil {
		return encodedFixed{}, err
	}
	root, err := publicKeyFor(in.RootKey, keys.Ed25519)
	if err != nil {
		return encodedFixed{}, err
	}
	c, err := link.Decode(in.Connection, link.ReadConnection)
	if err != nil {
		return encodedFixed{}, asOffer(err)
	}
	d := link.FixedData{AgentVersions: v, RootKey: root, Connection: c}
	if in.EntityID != nil {
		d.EntityID = *in.EntityID
	}
	b, err := link.Encode(d)
	return encodedFixed{b, vectors.Hex(link.HashFixedData(b))}, err
}

type decodedFixed struct {
	fixedParts
	LinkKey vectors.Hex `json:"link_key"`
	Later   vectors.Hex `json:"later"`
}

func decodeFixedData(in fixedData) (decodedFixed, error) {
	d, err := link.Decode(in.FixedData, link.ReadFixedData)
	if err != nil {
		return decodedFixed{}, asOffer(err)
	}
	out := decodedFixed{LinkKey: vectors.Hex(link.HashFixedData(in.FixedData))}
	out.AgentVersions, out.RootKey = rangeOf(d.AgentVersions), d.RootKey.SPKI()
	r := wire.NewReader(in.FixedData)
	r.Range()
	r.Short()
	start := len(in.FixedData) - r.Len()
	link.ReadConnection(r)
	out.Connection = in.FixedData[start : len(in.FixedData)-r.Len()]
	if d.EntityID != nil {
		id := vectors.Hex(r.Short())
		out.EntityID = &id
	}
	out.Later = r.Rest()
	return out, nil
}

// userParts is the content of user data.
type userParts struct {
	Mode            string       `json:"mode"`
	AgentVersions   versions     `json:"agent_versions"`
	Direct          bool         `json:"direct"`
	Owners          []ownerParts `json:"owners"`
	Relays          []string     `json:"relays"`
	ApplicationData vectors.Hex  `json:"application_data"`
}

type userData struct {
	UserData vectors.Hex `json:"user_data"`
}

func encodeUserData(in userParts) (userData, error) {
	v, err := in.AgentVersions.wire()
	if err != nil {
		return userData{}, err
	}
	d := link.UserData{Mode: linkModes[in.Mode], AgentVersions: v, Direct: in.Direct, Data: in.ApplicationData}
	if d.Owners, err = ownersFrom(in.Owners); err != nil {
		return userData{}, err
	}
	for _, text := range in.Relays {
		l, err := link.ParseShortLink(text)
		if err != nil {
			return userData{}, err
		}
		d.Relays = append(d.Relays, l)
	}
	b, err := link.Encode(d)
	return userData{b}, err
}

type decodedUser struct {
	userParts
	Later vectors.Hex `json:"later"`
}

func decodeUserData(in userData) (decodedUser, error) {
	d, err := link.Decode(in.UserData, link.ReadUserData)
	if err != nil {
		return decodedUser{}, err
	}
	out := decodedUser{Later: afterUserData(in.UserData)}
	out.Mode, out.AgentVersions, out.Direct = d.Mode.String(), rangeOf(d.AgentVersions), d.Direct
	out.ApplicationData = d.Data
	out.Owners, out.Relays = []ownerParts{}, []string{}
	for _, o := range d.Owners {
		out.Owners = append(out.Owners, ownerParts{o.ID, o.Key.SPKI(), o.Signature})
	}
	for _, l := range d.Relays {
		out.Relays = append(out.Relays, l.Text())
	}
	return out, nil
}

// afterUserData returns what follows the application's data in user data that are
// well-formed.
func afterUserData(b []byte) []byte {
	r := wire.NewReader(b)
	mode := link.Mode(r.Byte())
	r.Range()
	if mode == link.Contact {
		r.Bool()
		for range r.Byte() {
			r.Short()
		}
		for range r.Byte() {
			link.ReadShortLink(r)
		}
	}
	if r.Literal("\xff") {
		r.Large()
	} else {
		r.Short()
	}
	return r.Rest()
}

// ownerParts is an owner in a list.
type ownerParts struct {
	ID        vectors.Hex `json:"id"`
	Key       vectors.Hex `json:"key"`
	Signature vectors.Hex `json:"signature"`
}

func (p ownerParts) owner() (link.Owner, error) {
	k, err := publicKeyFor(p.Key, keys.Ed25519)
	return link.Owner{ID: p.ID, Key: k, Signature: p.Signature}, err
}

func ownersFrom(list []ownerParts) ([]link.Owner, error) {
	var owners []link.Owner
	for _, p := range list {
		o, err := p.owner()
		if err != nil {
			return nil, err
		}
		owners = append(owners, o)
	}
	return owners, nil
}

type ownerToAuthorize struct {
	ID         vectors.Hex `json:"owner_id"`
	Key        vectors.Hex `json:"owner_key"`
	PrivateKey vectors.Hex `json:"private_key"`
}

type authorizedOwner struct {
	Authorized vectors.Hex `json:"authorized"`
	Signature  vectors.Hex `json:"signature"`
	Encoded    vectors.Hex `json:"encoded_owner"`
}

func authorizeOwner(in ownerToAuthorize) (authorizedOwner, error) {
	k, err := publicKeyFor(in.Key, keys.Ed25519)
	if err != nil {
		return authorizedOwner{}, err
	}
	by, err := signer(in.PrivateKey)
	if err != nil {
		return authorizedOwner{}, err
	}
	o, err := link.AuthorizeOwner(in.ID, k, by)
	if err != nil {
		return authorizedOwner{}, err
	}
	b, err := link.Encode(o)
	return authorizedOwner{k.AppendSPKI(append([]byte{}, in.ID...)), o.Signature, b}, err
}

type ownerFields struct {
	ID        vectors.Hex `json:"owner_id"`
	Key       vectors.Hex `json:"owner_key"`
	Signature vectors.Hex `json:"signature"`
}

type encodedOwner struct {
	Encoded vectors.Hex `json:"encoded_owner"`
}

func encodeOwner(in ownerFields) (encodedOwner, error) {
	o, err := ownerParts(in).owner()
	if err != nil {
		return encodedOwner{}, err
	}
	b, err := link.Encode(o)
	return encodedOwner{b}, err
}

type decodedOwner struct {
	ownerFields
	Later vectors.Hex `json:"later"`
}

func decodeOwner(in encodedOwner) (decodedOwner, error) {
	o, err := link.Decode(in.Encoded, link.ReadOwner)
	if err != nil {
		return decodedOwner{}, err
	}
	r := wire.NewReader(wire.NewReader(in.Encoded).Short())
	r.Short()
	r.Short()
	r.Short()
	return decodedOwner{ownerFields{o.ID, o.Key.SPKI(), o.Signature}, r.Rest()}, nil
}

type ownersToVerify struct {
	RootKey vectors.Hex  `json:"root_key"`
	Owners  []ownerParts `json:"owners"`
}

type allSigners struct {
	Signers []vectors.Hex `json:"signers"`
}

func verifyOwners(in ownersToVerify) (allSigners, error) {
	root, err := publicKeyFor(in.RootKey, keys.Ed25519)
	if err != nil {
		return allSigners{}, err
	}
	owners, err := ownersFrom(in.Owners)
	if err != nil {
		return allSigners{}, err
	}
	if err := link.VerifyOwners(root, owners); err != nil {
		return allSigners{}, err
	}
	return allSigners{signersOf(root, owners)}, nil
}

// signersOf returns the keys that may sign user data.
func signersOf(root keys.PublicKey, owners []link.Owner) []vectors.Hex {
	signers := []vectors.Hex{root.SPKI()}
	for _, o := range owners {
		signers = append(signers, o.Key.SPKI())
	}
	return signers
}
