package plan

import (
	"errors"

	"smpcheck/vectors"
)

// officialLinkData has the inputs of tests of link data, of all parts of the group.
type officialLinkData struct {
	AgentVersions    [2]uint16                                           `json:"agent_versions"`
	Connection       string                                              `json:"connection_request"`
	ConnectionBinary vectors.Hex                                         `json:"connection_request_binary"`
	EntityID         vectors.Hex                                         `json:"link_entity_id"`
	RootKey          vectors.Key                                         `json:"root_key"`
	UserData         vectors.Hex                                         `json:"user_data"`
	Direct           bool                                                `json:"direct"`
	Owners           []struct{ Encoded, ID, Key, Signature vectors.Hex } `json:"owners"`
	Relays           []string                                            `json:"relays"`
	Signer           *vectors.Key                                        `json:"signer"`
	EncFixedData     vectors.Hex                                         `json:"enc_fixed_data"`
	EncUserData      vectors.Hex                                         `json:"enc_user_data"`
	LinkKey          vectors.Hex                                         `json:"link_key"`
	Secret           vectors.Hex                                         `json:"secretbox_key"`
}

// officialSealed has the output of the same tests.
type officialSealed struct {
	EncFixedData      vectors.Hex `json:"enc_fixed_data"`
	EncUserData       vectors.Hex `json:"enc_user_data"`
	EncUserDataLen    int         `json:"enc_user_data_len"`
	EncUserDataNonce  vectors.Hex `json:"enc_user_data_nonce"`
	EncUserDataSHA256 vectors.Hex `json:"enc_user_data_sha256"`
	LinkID            vectors.Hex `json:"link_id"`
	LinkKey           vectors.Hex `json:"link_key"`
	Secret            vectors.Hex `json:"secretbox_key"`
	SignedFixedData   vectors.Hex `json:"signed_fixed_data"`
	SignedUserData    vectors.Hex `json:"signed_user_data"`
}

// linkRefusals are the classes of refusals by the flags of the official tests.
var linkRefusals = map[string]string{
	"BadOwner":         "OwnerUnauthorized",
	"DuplicateOwner":   "OwnerTwice",
	"BadUserSignature": "NotSignedByOwner",
}

const (
	signatureAndLength = 1 + 64
	boxNonceSize       = 24
)

func planLinkData(b builder, _ *vectors.Group, t *vectors.Test) ([]Call, error) {
	var in officialLinkData
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	if t.Output.IsNull() {
		call, err := b.refuse("open_link_data", "", fields{
			"sealed_fixed_data": in.EncFixedData, "sealed_user_data": in.EncUserData,
			"link_key": in.LinkKey, "secret": in.Secret,
		})
		return []Call{call}, err
	}
	var out officialSealed
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	want := "ok"
	if t.Invalid() {
		want = "error"
	}
	if t.Decrypt != want && t.Decrypt != "" {
		return nil, errors.New("the results of the test and of decryption do not agree")
	}
	if len(in.ConnectionBinary) == 0 || len(out.SignedUserData) < signatureAndLength {
		return nil, errors.New("a link or signed user data are missing")
	}
	steps := in.ownerSteps()
	steps = append(steps, in.userSteps(out)...)
	fixed, err := in.fixedSteps(out)
	if err != nil {
		return nil, err
	}
	calls, err := b.all(append(steps, fixed...)...)
	if err != nil {
		return nil, err
	}
	opening, err := b.opening(t, in, out)
	return append(calls, opening), err
}

func (in officialLinkData) mode() string {
	if in.ConnectionBinary[0] == 'I' {
		return "invitation"
	}
	return "contact"
}

func (in officialLinkData) ownerSteps() []step {
	var steps []step
	for _, o := range in.Owners {
		owner := fields{
			"owner_id": o.ID, "owner_key": o.Key, "signature": o.Signature,
			"encoded_owner": o.Encoded, "later": "",
		}
		steps = append(steps, step{"encode_owner", owner}, step{"decode_owner", owner})
	}
	return steps
}

// userSteps are about the user data: their content, signature and encryption.
func (in officialLinkData) userSteps(out officialSealed) []step {
	owners := []fields{}
	for _, o := range in.Owners {
		owners = append(owners, fields{"id": o.ID, "key": o.Key, "signature": o.Signature})
	}
	user := fields{
		"mode": in.mode(), "agent_versions": in.AgentVersions, "direct": in.Direct, "owners": owners,
		"relays": append([]string{}, in.Relays...), "application_data": in.UserData,
		"user_data": out.SignedUserData[signatureAndLength:], "later": "",
	}
	by := in.RootKey
	if in.Signer != nil {
		by = *in.Signer
	}
	var steps []step
	for _, relay := range in.Relays {
		steps = append(steps, step{"parse_short_link", fields{"text": relay, "canonical": relay}})
	}
	return append(steps, []step{
		{"encode_user_data", user},
		{"decode_user_data", user},
		{"sign_user_data", fields{
			"user_data": user["user_data"], "private_key": by.PrivateDER,
			"signed_user_data": out.SignedUserData, "public_key": by.PublicDER,
		}},
		keyStep(in.RootKey), keyStep(by),
	}...)
}

func keyStep(k vectors.Key) step {
	return step{"key_pair", fields{"private_der": k.PrivateDER, "public_der": k.PublicDER, "public_raw": k.PublicRaw}}
}

// fixedSteps are about the fixed data, the link key that belongs to them, and the
// secrets derived from it. Tests with another signer take the fixed data of the test
// before them and have only their ciphertext.
func (in officialLinkData) fixedSteps(out officialSealed) ([]step, error) {
	var steps []step
	if in.Connection != "" {
		steps = append(steps, step{"parse_connection_link", fields{
			"text": in.Connection, "canonical": in.Connection, "encoded": in.ConnectionBinary,
		}})
	}
	linkKey := out.LinkKey
	if in.LinkKey != nil {
		linkKey = in.LinkKey
	}
	content := fields{
		"agent_versions": in.AgentVersions, "root_key": in.RootKey.PublicDER,
		"connection": in.ConnectionBinary, "entity_id": orNull(in.EntityID), "link_key": linkKey,
	}
	if in.EncFixedData != nil {
		return append(steps, step{"encode_fixed_data", content}), nil
	}
	if len(out.SignedFixedData) < signatureAndLength || len(out.EncFixedData) < boxNonceSize ||
		out.EncUserData != nil && len(out.EncUserData) < boxNonceSize {
		return nil, errors.New("fixed data are missing")
	}
	content["fixed_data"], content["later"] = out.SignedFixedData[signatureAndLength:], ""
	secrets := fields{"link_key": linkKey, "contact_link_id": out.LinkID, "contact_secret": out.Secret}
	if in.mode() == "invitation" {
		secrets = fields{"link_key": linkKey, "invitation_secret": out.Secret}
	}
	user := fields{"signed_user_data": out.SignedUserData, "secret": out.Secret}
	if out.EncUserData == nil {
		user = merge(user, fields{
			"nonce": out.EncUserDataNonce, "sealed_size": out.EncUserDataLen, "sealed_sha256": out.EncUserDataSHA256,
		})
		steps = append(steps, step{"digest_user_data", user})
	} else {
		user = merge(user, fields{"sealed_user_data": out.EncUserData, "nonce": out.EncUserData[:boxNonceSize]})
		steps = append(steps, step{"open_user_data", user}, step{"seal_user_data", user})
	}
	fixed := fields{
		"signed_fixed_data": out.SignedFixedData, "secret": out.Secret,
		"nonce": out.EncFixedData[:boxNonceSize], "sealed_fixed_data": out.EncFixedData,
	}
	return append(steps,
		step{"encode_fixed_data", content},
		step{"decode_fixed_data", content},
		step{"sign_fixed_data", fields{
			"fixed_data": content["fixed_data"], "private_key": in.RootKey.PrivateDER,
			"signed_fixed_data": out.SignedFixedData, "link_key": linkKey, "public_key": in.RootKey.PublicDER,
		}},
		step{"derive_link_secrets", secrets},
		step{"seal_fixed_data", fixed},
		step{"open_fixed_data", fixed},
	), nil
}

// opening is what a client does with all of it: it has to be accepted, or refused if
// the test is invalid.
func (b builder) opening(t *vectors.Test, in officialLinkData, out officialSealed) (Call, error) {
	operation := "verify_link_data"
	values := fields{"link_key": out.LinkKey, "signed_fixed_data": out.SignedFixedData, "signed_user_data": out.SignedUserData}
	if out.EncUserData != nil {
		operation = "resolve_link_data"
		values = fields{
			"mode": in.mode(), "link_key": out.LinkKey,
			"sealed_fixed_data": out.EncFixedData, "sealed_user_data": out.EncUserData,
		}
	}
	if in.EncFixedData != nil {
		values["link_key"], values["sealed_fixed_data"] = in.LinkKey, in.EncFixedData
	}
	if !t.Invalid() {
		values["user_data"] = out.SignedUserData[signatureAndLength:]
		return b.expect(operation, values)
	}
	class := ""
	for _, flag := range t.Flags {
		if known, ok := linkRefusals[flag]; ok {
			class = known
		}
	}
	return b.refuse(operation, class, values)
}
