package codec

import (
	"errors"

	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// publicPair are the two public keys of X3DH parameters.
type publicPair struct {
	Key1 vectors.Hex    `json:"key1"`
	Key2 vectors.Hex    `json:"key2"`
	KEM  *kemParameters `json:"kem"`
}

func (p publicPair) keys() (key1, key2 keys.PublicKey, err error) {
	if key1, err = keys.NewPublic(keys.X448, p.Key1); err != nil {
		return key1, key2, err
	}
	key2, err = keys.NewPublic(keys.X448, p.Key2)
	return key1, key2, err
}

type ratchetParameters struct {
	Version uint16 `json:"version"`
	publicPair
}

type encodedBytes struct {
	Encoded vectors.Hex `json:"encoded"`
}

func encodeRatchetParameters(in ratchetParameters) (encodedBytes, error) {
	key1, key2, err := in.keys()
	if err != nil {
		return encodedBytes{}, err
	}
	b, err := ratchet.Parameters{Version: in.Version, Key1: key1, Key2: key2, KEM: in.KEM.parameters()}.Encode()
	return encodedBytes{b}, err
}

func decodeRatchetParameters(in encodedBytes) (ratchetParameters, error) {
	p, err := ratchet.DecodeParameters(in.Encoded)
	if err != nil {
		return ratchetParameters{}, err
	}
	return ratchetParameters{p.Version, publicPair{p.Key1.Raw(), p.Key2.Raw(), kemParametersOf(p.KEM)}}, nil
}

type ratchetOffer struct {
	Versions [2]uint16 `json:"versions"`
	publicPair
}

func (in ratchetOffer) offer() (ratchet.Offer, error) {
	key1, key2, err := in.keys()
	return ratchet.Offer{Versions: wire.Versions(in.Versions[0], in.Versions[1]), Key1: key1, Key2: key2, KEM: in.KEM.parameters()}, err
}

func ratchetOfferOf(o ratchet.Offer) ratchetOffer {
	return ratchetOffer{[2]uint16{o.Versions.Min, o.Versions.Max}, publicPair{o.Key1.Raw(), o.Key2.Raw(), kemParametersOf(o.KEM)}}
}

func encodeRatchetOffer(in ratchetOffer) (encodedBytes, error) {
	o, err := in.offer()
	if err != nil {
		return encodedBytes{}, err
	}
	b, err := o.Encode()
	return encodedBytes{b}, err
}

func decodeRatchetOffer(in encodedBytes) (ratchetOffer, error) {
	o, err := ratchet.DecodeOffer(in.Encoded)
	if err != nil {
		return ratchetOffer{}, err
	}
	return ratchetOfferOf(o), nil
}

type offerText struct {
	Text string `json:"text"`
}

func encodeRatchetOfferText(in ratchetOffer) (offerText, error) {
	o, err := in.offer()
	if err == nil {
		err = o.Check()
	}
	if err != nil {
		return offerText{}, err
	}
	return offerText{link.OfferText(o)}, nil
}

func decodeRatchetOfferText(in offerText) (ratchetOffer, error) {
	o, err := link.ParseOffer(in.Text)
	if err != nil {
		return ratchetOffer{}, err
	}
	return ratchetOfferOf(o), nil
}

// joiningSide are the private parameters of the side that sends first.
type joiningSide struct {
	Key1 vectors.Hex `json:"joining_key1"`
	Key2 vectors.Hex `json:"joining_key2"`
	KEM  *kemState   `json:"joining_kem"`
}

func (s joiningSide) private() (ratchet.PrivateParameters, error) {
	return privateParameters(s.Key1, s.Key2, s.KEM)
}

// initiatingSide are the private parameters of the side that made the offer.
type initiatingSide struct {
	Key1 vectors.Hex `json:"initiating_key1"`
	Key2 vectors.Hex `json:"initiating_key2"`
	KEM  *kemState   `json:"initiating_kem"`
}

func (s initiatingSide) private() (ratchet.PrivateParameters, error) {
	return privateParameters(s.Key1, s.Key2, s.KEM)
}

func privateParameters(key1, key2 []byte, state *kemState) (p ratchet.PrivateParameters, err error) {
	if p.Key1, err = keys.NewPrivate(keys.X448, key1); err != nil {
		return p, err
	}
	if p.Key2, err = keys.NewPrivate(keys.X448, key2); err != nil {
		return p, err
	}
	p.KEM, err = state.kem()
	return p, err
}

type initiatingParameters struct {
	Parameters vectors.Hex `json:"initiating_parameters"`
}

type joiningParameters struct {
	Parameters vectors.Hex `json:"joining_parameters"`
}

// agreement is what both sides of X3DH come to.
type agreement struct {
	DH1            vectors.Hex `json:"dh1"`
	DH2            vectors.Hex `json:"dh2"`
	DH3            vectors.Hex `json:"dh3"`
	AssociatedData vectors.Hex `json:"associated_data"`
	x3dhKeys
}

func agreementOf(a ratchet.Agreement) (agreement, error) {
	in := x3dhKDFInput{DH1: vectors.Hex(a.DH1), DH2: vectors.Hex(a.DH2), DH3: vectors.Hex(a.DH3)}
	if a.KEM != nil && a.KEM.Accepted != nil {
		shared := vectors.Hex(a.KEM.Accepted.Shared[:])
		in.Shared = &shared
	}
	derived, err := x3dhKDF(in)
	return agreement{in.DH1, in.DH2, in.DH3, a.AssociatedData, derived}, err
}

type joiningInput struct {
	joiningSide
	initiatingParameters
}

type joiningAfter struct {
	KEM *kemState `json:"joining_kem_after"`
}

type joiningAgreement struct {
	agreement
	joiningAfter
}

func x3dhJoining(in joiningInput) (joiningAgreement, error) {
	own, err := in.private()
	if err != nil {
		return joiningAgreement{}, err
	}
	peer, err := ratchet.DecodeParameters(in.Parameters)
	if err != nil {
		return joiningAgreement{}, err
	}
	a, err := ratchet.X3DHSender(own, peer)
	if err != nil {
		return joiningAgreement{}, err
	}
	all, err := agreementOf(a)
	return joiningAgreement{all, joiningAfter{kemStateOf(a.KEM)}}, err
}

type initiatingInput struct {
	initiatingSide
	joiningParameters
}

type initiatingAfter struct {
	KEM *kemState `json:"initiating_kem_after"`
}

type initiatingAgreement struct {
	agreement
	initiatingAfter
}

func x3dhInitiating(in initiatingInput) (initiatingAgreement, error) {
	own, err := in.private()
	if err != nil {
		return initiatingAgreement{}, err
	}
	peer, err := ratchet.DecodeParameters(in.Parameters)
	if err != nil {
		return initiatingAgreement{}, err
	}
	a, err := ratchet.X3DHReceiver(own, peer)
	if err != nil {
		return initiatingAgreement{}, err
	}
	all, err := agreementOf(a)
	return initiatingAgreement{all, initiatingAfter{kemStateOf(a.KEM)}}, err
}

type startJoiningInput struct {
	joiningInput
	RatchetKey vectors.Hex `json:"ratchet_key"`
	MaxVersion uint16      `json:"max_version"`
}

type joiningState struct {
	State ratchetState `json:"joining_state"`
}

func startJoining(in startJoiningInput) (joiningState, error) {
	own, err := in.private()
	if err != nil {
		return joiningState{}, err
	}
	peer, err := ratchet.DecodeParameters(in.Parameters)
	if err != nil {
		return joiningState{}, err
	}
	s, err := ratchet.InitSender(&givenKeys{newKeys: &newKeys{DHPrivate: in.RatchetKey}}, own, peer, in.MaxVersion)
	return joiningState{ratchetState{s}}, err
}

type startInitiatingInput struct {
	initiatingInput
	MaxVersion uint16 `json:"max_version"`
	PQ         bool   `json:"pq"`
}

type initiatingState struct {
	State ratchetState `json:"initiating_state"`
}

func startInitiating(in startInitiatingInput) (initiatingState, error) {
	own, err := in.private()
	if err != nil {
		return initiatingState{}, err
	}
	peer, err := ratchet.DecodeParameters(in.Parameters)
	if err != nil {
		return initiatingState{}, err
	}
	s, err := ratchet.InitReceiver(own, peer, in.MaxVersion, in.PQ)
	return initiatingState{ratchetState{s}}, err
}

type agreementSeeds struct {
	Version        uint16      `json:"version"`
	JoiningSeed    vectors.Hex `json:"joining_seed"`
	InitiatingSeed vectors.Hex `json:"initiating_seed"`
	JoiningPQ      bool        `json:"joining_pq"`
	InitiatingPQ   bool        `json:"initiating_pq"`
}

// errSides says that the two sides of an agreement came to different keys.
var errSides = errors.New("the two sides of a key agreement do not agree")

// seededSides are both sides of a key agreement whose keys come from seeds.
type seededSides struct {
	joining, initiating     ratchet.PrivateParameters
	toJoining, toInitiating ratchet.Parameters
	joiningKeys             ratchet.Keys // what is left of the stream of the joining side
}

func (in agreementSeeds) sides() (s seededSides, err error) {
	if in.Version < ratchet.PQVersion && (in.JoiningPQ || in.InitiatingPQ) {
		return s, badRequest("version %d has no KEM", in.Version)
	}
	s.joiningKeys = ratchet.NewKeys(seeded(in.JoiningSeed))
	if s.initiating, err = ratchet.Propose(ratchet.NewKeys(seeded(in.InitiatingSeed)), in.Version, in.InitiatingPQ); err != nil {
		return s, err
	}
	s.toJoining = s.initiating.Public(in.Version)
	if s.joining, err = ratchet.Reply(s.joiningKeys, s.toJoining, in.JoiningPQ); err != nil {
		return s, err
	}
	s.toInitiating = s.joining.Public(in.Version)
	return s, nil
}

type wholeAgreement struct {
	joiningSide
	InitiatingKey1 vectors.Hex `json:"initiating_key1"`
	InitiatingKey2 vectors.Hex `json:"initiating_key2"`
	InitiatingKEM  *kemState   `json:"initiating_kem"`
	joiningParameters
	Initiating vectors.Hex `json:"initiating_parameters"`
	agreement
	joiningAfter
	InitiatingAfter *kemState `json:"initiating_kem_after"`
}

func keyAgreement(in agreementSeeds) (wholeAgreement, error) {
	s, err := in.sides()
	if err != nil {
		return wholeAgreement{}, err
	}
	joining, err := ratchet.X3DHSender(s.joining, s.toJoining)
	if err != nil {
		return wholeAgreement{}, err
	}
	initiating, err := ratchet.X3DHReceiver(s.initiating, s.toInitiating)
	if err != nil {
		return wholeAgreement{}, err
	}
	if joining.RootKey != initiating.RootKey {
		return wholeAgreement{}, errSides
	}
	all, err := agreementOf(joining)
	if err != nil {
		return wholeAgreement{}, err
	}
	toJoining, err := s.toJoining.Encode()
	if err != nil {
		return wholeAgreement{}, err
	}
	toInitiating, err := s.toInitiating.Encode()
	return wholeAgreement{
		joiningSide:    joiningSide{s.joining.Key1.Raw(), s.joining.Key2.Raw(), kemStateOf(s.joining.KEM)},
		InitiatingKey1: s.initiating.Key1.Raw(), InitiatingKey2: s.initiating.Key2.Raw(), InitiatingKEM: kemStateOf(s.initiating.KEM),
		joiningParameters: joiningParameters{toInitiating}, Initiating: toJoining,
		agreement: all, joiningAfter: joiningAfter{kemStateOf(joining.KEM)}, InitiatingAfter: kemStateOf(initiating.KEM),
	}, err
}
