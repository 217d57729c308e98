package main

import (
	"encoding/json"
	"fmt"

	"smpcheck/vectors/gen/build"
)

func keyAgreements() *build.File {
	f := build.New("key_agreement", "X3DH over X448 with an optional KEM, and the parameters that both sides send for it",
		"The versions in the header are those of SMP; ratchet versions are 2 and 3.",
		"joining is the side that joins and sends first, initiating the one that made the offer. Keys are raw if they are not in encoded parameters.",
		"associated_data: the raw first keys of the joining and of the initiating side.")
	for flag, text := range map[string]string{
		"KemAccepted":    "Both sides want the KEM: its secret is part of the agreement.",
		"KemProposed":    "The joining side proposes the KEM: the ratchet starts with its key, the agreement has no secret of it.",
		"KemDropped":     "The initiating side proposes the KEM and the joining side does not accept it: its key is dropped.",
		"WrongVersion":   "The version is not supported. Version 1 had no key derivation and is refused.",
		"FieldOfVersion": "KEM parameters are there at a version that has none, or are missing at one that has.",
		"WrongAlgorithm": "The key is of another algorithm than X448.",
		"MalformedDER":   "The key is not the exact SubjectPublicKeyInfo of an X448 key.",
		"WrongLength":    "A key or ciphertext has another length than it must have.",
		"UnknownTag":     "A byte that tells what follows is none of those that are defined.",
		"EndsEarly":      "The bytes end before the parameters do.",
		"BytesBehind":    "Bytes follow the parameters.",
		"OtherKemState":  "KEM parameters are accepted by the side that can only propose, or for a key that the other side did not propose.",
		"UpsideDown":     "The lowest version is above the highest.",
	} {
		f.Flag(flag, text)
	}
	wholeAgreements(f)
	agreementParameters(f)
	agreementOffers(f)
	return f
}

// agreementOf returns the inputs of an agreement whose seeds depend on its name.
func agreementOf(name string, version int, joining, initiating bool) build.Fields {
	return build.Fields{
		"version": version, "joining_pq": joining, "initiating_pq": initiating,
		"joining_seed": build.Bytes("key_agreement/joining/"+name, 32), "initiating_seed": build.Bytes("key_agreement/initiating/"+name, 32),
	}
}

func wholeAgreements(f *build.File) {
	g := f.Group("agreement", "both sides of a key agreement", "key_agreement", "x3dh_joining", "x3dh_initiating")
	for i := range 3 {
		g.Valid(fmt.Sprintf("v2-%d", i), "version 2", agreementOf(fmt.Sprintf("v2/%d", i), 2, false, false))
	}
	for i := range 2 {
		g.Valid(fmt.Sprintf("v3-%d", i), "version 3, nobody wants the KEM", agreementOf(fmt.Sprintf("v3/%d", i), 3, false, false))
		g.Valid(fmt.Sprintf("v3-joining-%d", i), "the joining side proposes the KEM", agreementOf(fmt.Sprintf("joining/%d", i), 3, true, false), "KemProposed")
		g.Valid(fmt.Sprintf("v3-initiating-%d", i), "the initiating side alone proposes the KEM", agreementOf(fmt.Sprintf("initiating/%d", i), 3, false, true), "KemDropped")
	}
	for i := range 3 {
		g.Valid(fmt.Sprintf("v3-both-%d", i), "the joining side accepts the KEM", agreementOf(fmt.Sprintf("both/%d", i), 3, true, true), "KemAccepted")
	}

	plain := ratchetAnswer("key_agreement", agreementOf("refused", 3, false, false))
	both := ratchetAnswer("key_agreement", agreementOf("refused/both", 3, true, true))
	for _, side := range []struct{ name, peer string }{{"joining", "initiating"}, {"initiating", "joining"}} {
		operation, params := "x3dh_"+side.name, side.peer+"_parameters"
		own := func(answer build.Fields, others build.Fields) build.Fields {
			all := build.Fields{}
			for _, field := range []string{side.name + "_key1", side.name + "_key2", side.name + "_kem", params} {
				all[field] = answer[field]
			}
			return ratchetFields(all, others)
		}
		refuse := func(id, what string, inputs build.Fields, class, flag string) {
			g.Invalid(operation, side.name+"-"+id, side.name+" side: "+what, inputs, class, flag)
		}
		parameters := ratchetBytes(plain, params)
		for _, version := range []int{0, 1, 4, 65535} {
			changed := append(ratchetWord(version), parameters[2:]...)
			if version < 3 {
				changed = changed[:len(changed)-1] // no option
			}
			refuse(fmt.Sprintf("version-%d", version), fmt.Sprintf("version %d in the parameters of the other side", version),
				own(asFields(plain), build.Fields{params: changed}), "RatchetVersion", "WrongVersion")
		}
		for _, key := range []string{"_key1", "_key2"} {
			refuse("private"+key, "an own private key of 55 bytes",
				own(asFields(plain), build.Fields{side.name + key: resized(ratchetBytes(plain, side.name+key), 55)}), "MalformedKey", "WrongLength")
		}
		refuse("trailing", "a byte behind the parameters", own(asFields(plain), build.Fields{params: append(append([]byte{}, parameters...), 0)}), "Trailing", "BytesBehind")
	}

	var kem map[string]map[string]any
	if err := json.Unmarshal(both["joining_kem"], &kem); err != nil {
		panic(err)
	}
	kem["accepted"]["shared"] = kem["accepted"]["shared"].(string)[2:]
	g.Invalid("x3dh_joining", "joining-kem-secret", "an own KEM secret of 31 bytes", build.Fields{
		"joining_key1": both["joining_key1"], "joining_key2": both["joining_key2"], "joining_kem": kem,
		"initiating_parameters": both["initiating_parameters"],
	}, "RatchetLength", "WrongLength")
	g.Invalid("x3dh_joining", "joining-accepted", "the initiating side accepts a KEM that nobody proposed to it", build.Fields{
		"joining_key1": plain["joining_key1"], "joining_key2": plain["joining_key2"], "joining_kem": nil,
		"initiating_parameters": both["joining_parameters"],
	}, "KemState", "OtherKemState")
	g.Invalid("x3dh_joining", "joining-accepted-nothing", "the own side accepted a key, and none was proposed", build.Fields{
		"joining_key1": both["joining_key1"], "joining_key2": both["joining_key2"], "joining_kem": both["joining_kem"],
		"initiating_parameters": plain["initiating_parameters"],
	}, "KemState", "OtherKemState")
	g.Invalid("x3dh_initiating", "initiating-not-proposed", "the joining side accepts a KEM that was not proposed to it", build.Fields{
		"initiating_key1": plain["initiating_key1"], "initiating_key2": plain["initiating_key2"], "initiating_kem": nil,
		"joining_parameters": both["joining_parameters"],
	}, "KemState", "OtherKemState")
}

// asFields returns an answer as the fields of a request.
func asFields[T any](answer map[string]T) build.Fields {
	all := build.Fields{}
	for name, value := range answer {
		all[name] = value
	}
	return all
}

func agreementParameters(f *build.File) {
	g := f.Group("parameters", "parameters at one version", "encode_ratchet_parameters", "decode_ratchet_parameters")
	key1, key2 := ratchetX448("key_agreement/parameters/1").Public(), ratchetX448("key_agreement/parameters/2").Public()
	public, _ := ratchetKEM("key_agreement/parameters")
	ciphertext := build.Bytes("key_agreement/parameters/ciphertext", 1039)
	inputs := func(version int, kem any) build.Fields {
		return build.Fields{"version": version, "key1": key1.Raw(), "key2": key2.Raw(), "kem": kem}
	}
	g.Valid("v2", "version 2", inputs(2, nil))
	g.Valid("v3", "version 3 without KEM", inputs(3, nil))
	g.Valid("v3-proposed", "version 3, the KEM is proposed", inputs(3, proposedKEM(public)))
	g.Valid("v3-accepted", "version 3, the KEM is accepted", inputs(3, acceptedKEM(public, ciphertext)))

	for _, key := range []string{"key1", "key2"} {
		for _, length := range []int{0, 32, 55, 57} {
			g.Invalid("encode_ratchet_parameters", fmt.Sprintf("%s-%d", key, length), fmt.Sprintf("a key of %d bytes", length),
				ratchetFields(inputs(2, nil), build.Fields{key: resized(key1.Raw(), length)}), "MalformedKey", "WrongLength")
		}
	}
	g.Invalid("encode_ratchet_parameters", "kem-key-1157", "a KEM key of 1157 bytes", inputs(3, proposedKEM(public[:1157])), "KemLength", "WrongLength")
	g.Invalid("encode_ratchet_parameters", "ciphertext-0", "a KEM ciphertext of no bytes", inputs(3, acceptedKEM(public, []byte{})), "KemLength", "WrongLength")
	g.Invalid("encode_ratchet_parameters", "ciphertext-1040", "a KEM ciphertext of 1040 bytes", inputs(3, acceptedKEM(public, resized(ciphertext, 1040))), "KemLength", "WrongLength")

	start := append(keyParts("first key", key1.SPKI()), keyParts("second key", key2.SPKI())...)
	v2 := append(ratchetParts{{"version", ratchetWord(2)}}, start...)
	v3 := append(append(ratchetParts{{"version", ratchetWord(3)}}, start...), ratchetPart{"option", []byte("0")})
	proposed := append(append(ratchetParts{{"version", ratchetWord(3)}}, start...), kemParts(public, nil)...)
	accepted := append(append(ratchetParts{{"version", ratchetWord(3)}}, start...), kemParts(public, ciphertext)...)
	const decode = "decode_ratchet_parameters"
	refuseEnds(g, decode, "cut", "encoded", "Truncated", accepted, 0, nil)
	refuseKeys(g, decode, "key1", "encoded", "first key", v2, nil)
	refuseKeys(g, decode, "key2", "encoded", "second key", v3, nil)
	refuseKEM(g, decode, "kem", "encoded", accepted, nil)
	for id, parts := range ratchetSorted(map[string]ratchetParts{"v2": v2, "v3": v3, "v3-proposed": proposed, "v3-accepted": accepted}) {
		g.Invalid(decode, "trailing-"+id, "a byte behind the parameters", build.Fields{"encoded": append(parts.bytes(), '0')}, "Trailing", "BytesBehind")
	}
	g.Invalid(decode, "v2-with-kem", "version 2 with a KEM", build.Fields{"encoded": proposed.with("version", 0, 2)}, "Trailing", "FieldOfVersion")
	g.Invalid(decode, "v3-without-option", "version 3 without the byte that tells whether there is a KEM", build.Fields{"encoded": v2.with("version", 0, 3)}, "Truncated", "FieldOfVersion")
}

func agreementOffers(f *build.File) {
	binary := f.Group("offer", "parameters with a range of versions, as in link data", "encode_ratchet_offer", "decode_ratchet_offer")
	text := f.Group("offer-text", "parameters with a range of versions, as in links", "encode_ratchet_offer_text", "decode_ratchet_offer_text")
	key1, key2 := ratchetX448("key_agreement/offer/1").Public(), ratchetX448("key_agreement/offer/2").Public()
	public, _ := ratchetKEM("key_agreement/offer")
	ciphertext := build.Bytes("key_agreement/offer/ciphertext", 1039)
	inputs := func(lowest, highest int, kem any) build.Fields {
		return build.Fields{"versions": [2]int{lowest, highest}, "key1": key1.Raw(), "key2": key2.Raw(), "kem": kem}
	}
	for _, c := range []struct {
		id, what        string
		lowest, highest int
		kem             any
	}{
		{"2-2", "version 2 alone", 2, 2, nil},
		{"2-3", "versions 2 and 3 without KEM", 2, 3, nil},
		{"2-3-proposed", "versions 2 and 3, the KEM is proposed", 2, 3, proposedKEM(public)},
		{"3-3-proposed", "version 3 alone, the KEM is proposed", 3, 3, proposedKEM(public)},
	} {
		binary.Valid(c.id, c.what, inputs(c.lowest, c.highest, c.kem))
		text.Valid(c.id, c.what, inputs(c.lowest, c.highest, c.kem))
	}
	for operation, g := range ratchetSorted(map[string]*build.Group{"encode_ratchet_offer": binary, "encode_ratchet_offer_text": text}) {
		g.Invalid(operation, "accepted", "an offer that accepts the KEM", inputs(2, 3, acceptedKEM(public, ciphertext)), "KemState", "OtherKemState")
		g.Invalid(operation, "3-2", "the lowest version is 3, the highest 2", inputs(3, 2, nil), "RatchetParameters", "UpsideDown")
		g.Invalid(operation, "kem-key", "a KEM key of 1159 bytes", inputs(2, 3, proposedKEM(resized(public, 1159))), "KemLength", "WrongLength")
	}
	start := append(append(ratchetParts{{"lowest version", ratchetWord(2)}, {"highest version", ratchetWord(3)}},
		keyParts("first key", key1.SPKI())...), keyParts("second key", key2.SPKI())...)
	proposed := append(append(ratchetParts{}, start...), kemParts(public, nil)...)
	accepted := append(append(ratchetParts{}, start...), kemParts(public, ciphertext)...)
	const decode = "decode_ratchet_offer"
	refuseEnds(binary, decode, "cut", "encoded", "Truncated", proposed, 0, nil)
	refuse := func(id, what string, encoded []byte, class, flag string) {
		binary.Invalid(decode, id, what, build.Fields{"encoded": encoded}, class, flag)
	}
	refuse("trailing", "a byte behind the offer", append(proposed.bytes(), '0'), "Trailing", "BytesBehind")
	refuse("decode-accepted", "an offer that accepts the KEM", accepted.bytes(), "KemState", "OtherKemState")
	refuse("decode-3-2", "the lowest version is above the highest", proposed.with("lowest version", 0, 4), "BadVersionRange", "UpsideDown")
	refuse("tag", "KEM parameters with an unknown tag", proposed.with("KEM tag", 'X'), "KemTag", "UnknownTag")
}
