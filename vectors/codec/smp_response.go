package codec

import (
	"encoding/json"
	"maps"
	"slices"

	"smpcheck/reference/box"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

type responseToEncode struct {
	Version  uint16          `json:"version"`
	Response json.RawMessage `json:"response"`
}

func (in responseToEncode) response() (smp.Response, error) {
	f, err := jsonFormFor(responseForms, "response", in.Response)
	if err != nil {
		return nil, err
	}
	return f.parse(in.Version, in.Response)
}

func encodeResponse(in responseToEncode) (encoded, error) {
	c, err := in.response()
	if err != nil {
		return encoded{}, err
	}
	b, err := smp.EncodeResponse(in.Version, c)
	return encoded{b}, err
}

type decodedResponse struct {
	Response any      `json:"response"`
	Ignored  []string `json:"ignored"`
}

func decodeResponse(in encodedAt) (decodedResponse, error) {
	c, err := smp.DecodeResponse(in.Version, in.Encoded)
	if err != nil {
		return decodedResponse{}, err
	}
	shown := responseForms[c.Tag()].show(in.Version, c)
	ignored, err := ignoredFields(c, in.Encoded)
	return decodedResponse{shown, ignored}, err
}

// ignoredFields returns the fields of a JSON object that its reader passes over.
func ignoredFields(c smp.Response, encoded []byte) ([]string, error) {
	ignored := []string{}
	var known any
	switch c := c.(type) {
	case smp.INFO:
		known = queueInfoOf(c.Queue)
	case smp.RNAME:
		known = c.Record
	default:
		return ignored, nil
	}
	var all, read map[string]json.RawMessage
	text, err := json.Marshal(known)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(encoded[len(c.Tag())+1:], &all); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if _, ok := read[name]; !ok {
			ignored = append(ignored, name+"="+string(all[name]))
		}
	}
	return ignored, nil
}

type responseThroughout struct {
	decodedResponse
	throughout
}

func decodeResponseThroughout(in encodedWithin) (responseThroughout, error) {
	decoded, at, err := decodeThroughout(in, decodeResponse)
	return responseThroughout{decoded, at}, err
}

func recodeResponse(in encodedAt) (recodedBytes, error) {
	c, err := smp.DecodeResponse(in.Version, in.Encoded)
	if err != nil {
		return recodedBytes{}, err
	}
	b, err := smp.EncodeResponse(in.Version, c)
	return recodedBytes{b}, err
}

func responseError(in encodedAt) (wireError, error) {
	_, err := smp.DecodeResponse(in.Version, in.Encoded)
	return decodingError(err), nil
}

type encodedResponse struct {
	Response json.RawMessage `json:"response"`
	Encoded  vectors.Hex     `json:"encoded"`
	Range    versions        `json:"range"`
}

func responseVersions(in encodedResponse) (sameVersions, error) {
	return versionsWith(in.Encoded, in.Range, func(version uint16) ([]byte, error) {
		b, err := encodeResponse(responseToEncode{version, in.Response})
		return b.Encoded, err
	})
}

type passedResponse struct {
	Equal     bool        `json:"equal"`
	Reencoded vectors.Hex `json:"reencoded"`
}

func passResponse(in responseToEncode) (passedResponse, error) {
	original, err := in.response()
	if err != nil {
		return passedResponse{}, err
	}
	b, err := smp.EncodeResponse(in.Version, original)
	if err != nil {
		return passedResponse{}, err
	}
	decoded, err := smp.DecodeResponse(in.Version, b)
	if err != nil {
		return passedResponse{}, err
	}
	before, err := json.Marshal(responseForms[original.Tag()].show(in.Version, original))
	if err != nil {
		return passedResponse{}, err
	}
	after, err := json.Marshal(responseForms[decoded.Tag()].show(in.Version, decoded))
	if err != nil {
		return passedResponse{}, err
	}
	again, err := smp.EncodeResponse(in.Version, decoded)
	return passedResponse{string(before) == string(after), again}, err
}

type responseEntity struct {
	Tag       string `json:"tag"`
	HasEntity bool   `json:"has_entity_id"`
}

func checkEntity(in responseEntity) (accepted, error) {
	c, ok := bareResponses[in.Tag]
	if !ok {
		return accepted{}, badRequest("%q is the tag of no response", in.Tag)
	}
	return acceptedUnless(smp.CheckEntity(c, in.HasEntity))
}

// bareResponses are all responses by tag, without parameters.
var bareResponses = map[string]smp.Response{
	"IDS": smp.IDS{}, "LNK": smp.LNK{}, "SOK": smp.SOK{}, "SOKS": smp.SOKS{}, "ALLS": smp.ALLS{}, "MSG": smp.MSG{},
	"NID": smp.NID{}, "NMSG": smp.NMSG{}, "PKEY": smp.PKEY{}, "RRES": smp.RRES{}, "PRES": smp.PRES{}, "END": smp.END{},
	"ENDS": smp.ENDS{}, "DELD": smp.DELD{}, "INFO": smp.INFO{}, "OK": smp.OK{}, "ERR": smp.ERR{}, "PONG": smp.PONG{},
	"RNAME": smp.RNAME{},
}

// responseTag is what all JSON forms of responses have.
type responseTag struct {
	Response string `json:"response"`
}

type notifierCredentialsForm struct {
	NotifierID vectors.Hex `json:"notifier_id"`
	DHKey      vectors.Hex `json:"dh_key"`
}

type idsForm struct {
	responseTag
	RecipientID vectors.Hex              `json:"rcv_id"`
	SenderID    vectors.Hex              `json:"snd_id"`
	DHKey       vectors.Hex              `json:"srv_dh_key"`
	Mode        *string                  `json:"queue_mode"`
	LinkID      *vectors.Hex             `json:"link_id"`
	ServiceID   *vectors.Hex             `json:"service_id"`
	Notifier    *notifierCredentialsForm `json:"server_ntf_creds"`
}

func parseIDS(p *formParser, f idsForm) smp.IDS {
	c := smp.IDS{RecipientID: f.RecipientID, SenderID: f.SenderID, ServerDHKey: p.key(f.DHKey),
		LinkID: p.bytes(f.LinkID), ServiceID: p.bytes(f.ServiceID)}
	if f.Mode != nil {
		c.Mode = p.mode(*f.Mode)
	}
	if n := f.Notifier; n != nil {
		c.Notifier = &smp.NotifierCredentials{NotifierID: n.NotifierID, ServerDHKey: p.key(n.DHKey)}
	}
	return c
}

func showIDS(_ uint16, c smp.IDS) idsForm {
	f := idsForm{responseTag{c.Tag()}, c.RecipientID, c.SenderID, c.ServerDHKey.SPKI(), nil, bytesOrNull(c.LinkID), bytesOrNull(c.ServiceID), nil}
	if c.Mode != 0 {
		mode := c.Mode.String()
		f.Mode = &mode
	}
	if n := c.Notifier; n != nil {
		f.Notifier = &notifierCredentialsForm{n.NotifierID, n.ServerDHKey.SPKI()}
	}
	return f
}

type linkResponseForm struct {
	responseTag
	SenderID vectors.Hex  `json:"sender_id"`
	Data     linkDataForm `json:"link_data"`
}

type serviceForm struct {
	responseTag
	ServiceID *vectors.Hex `json:"service_id"`
}

type serviceQueuesForm struct {
	responseTag
	Count   string       `json:"count"`
	IDsHash *vectors.Hex `json:"ids_hash"`
}

type messageForm struct {
	responseTag
	MsgID vectors.Hex `json:"msg_id"`
	Body  vectors.Hex `json:"body"`
}

type notifierForm struct {
	responseTag
	NotifierID vectors.Hex `json:"notifier_id"`
	DHKey      vectors.Hex `json:"srv_dh_key"`
}

type notificationForm struct {
	responseTag
	Nonce vectors.Hex `json:"nonce"`
	Meta  vectors.Hex `json:"enc_meta"`
}

func parseNMSG(p *formParser, f notificationForm) smp.NMSG {
	nonce, err := box.NonceFrom(f.Nonce)
	if err != nil {
		p.fail(badRequest("%w", err))
	}
	return smp.NMSG{Nonce: nonce, Meta: f.Meta}
}

type sessionForm struct {
	responseTag
	SessionID vectors.Hex   `json:"session_id"`
	Versions  versions      `json:"version_range"`
	Chain     []vectors.Hex `json:"chain"`
	SignedKey vectors.Hex   `json:"signed_key"`
}

func parsePKEY(_ *formParser, f sessionForm) smp.PKEY {
	c := smp.PKEY{SessionID: f.SessionID, Versions: wire.Versions(f.Versions[0], f.Versions[1]), SignedKey: f.SignedKey}
	for _, der := range f.Chain {
		c.Chain = append(c.Chain, der)
	}
	return c
}

func showPKEY(_ uint16, c smp.PKEY) sessionForm {
	f := sessionForm{responseTag{c.Tag()}, c.SessionID, versions{c.Versions.Min, c.Versions.Max}, nil, c.SignedKey}
	for _, der := range c.Chain {
		f.Chain = append(f.Chain, der)
	}
	return f
}

type relayedForm struct {
	responseTag
	Body vectors.Hex `json:"enc_fwd_response"`
}

type proxiedForm struct {
	responseTag
	Body vectors.Hex `json:"enc_response"`
}

type errorResponseForm struct {
	responseTag
	Error json.RawMessage `json:"error"`
}

type nameForm struct {
	responseTag
	Record smp.NameRecord `json:"record"`
}

// bareResponse is the form of a response without parameters.
func bareResponse[C smp.Response]() jsonForm[smp.Response] {
	return jsonFormOf[smp.Response](func(*formParser, responseTag) (c C) { return c },
		func(_ uint16, c C) responseTag { return responseTag{c.Tag()} })
}

// serviceResponse is the form of a response with a number of queues.
func serviceResponse[C smp.Response](parse func(smp.ServiceQueues) C, queues func(C) smp.ServiceQueues) jsonForm[smp.Response] {
	return jsonFormOf[smp.Response](
		func(p *formParser, f serviceQueuesForm) C { return parse(p.serviceQueues(&f.Count, f.IDsHash, true)) },
		func(v uint16, c C) serviceQueuesForm {
			q := queues(c)
			return serviceQueuesForm{responseTag{c.Tag()}, int64Text(q.Count), hashOf(v, q)}
		})
}

var responseForms = map[string]jsonForm[smp.Response]{
	"ALLS": bareResponse[smp.ALLS](), "END": bareResponse[smp.END](), "DELD": bareResponse[smp.DELD](),
	"OK": bareResponse[smp.OK](), "PONG": bareResponse[smp.PONG](),
	"IDS": jsonFormOf[smp.Response](parseIDS, showIDS),
	"LNK": jsonFormOf[smp.Response](
		func(_ *formParser, f linkResponseForm) smp.LNK {
			return smp.LNK{SenderID: f.SenderID, Data: f.Data.data()}
		},
		func(_ uint16, c smp.LNK) linkResponseForm {
			return linkResponseForm{responseTag{c.Tag()}, c.SenderID, linkDataOf(c.Data)}
		}),
	"SOK": jsonFormOf[smp.Response](
		func(p *formParser, f serviceForm) smp.SOK { return smp.SOK{ServiceID: p.bytes(f.ServiceID)} },
		func(_ uint16, c smp.SOK) serviceForm {
			return serviceForm{responseTag{c.Tag()}, bytesOrNull(c.ServiceID)}
		}),
	"SOKS": serviceResponse(func(q smp.ServiceQueues) smp.SOKS { return smp.SOKS{ServiceQueues: q} },
		func(c smp.SOKS) smp.ServiceQueues { return c.ServiceQueues }),
	"ENDS": serviceResponse(func(q smp.ServiceQueues) smp.ENDS { return smp.ENDS{ServiceQueues: q} },
		func(c smp.ENDS) smp.ServiceQueues { return c.ServiceQueues }),
	"MSG": jsonFormOf[smp.Response](
		func(_ *formParser, f messageForm) smp.MSG { return smp.MSG{ID: f.MsgID, Body: f.Body} },
		func(_ uint16, c smp.MSG) messageForm { return messageForm{responseTag{c.Tag()}, c.ID, c.Body} }),
	"NID": jsonFormOf[smp.Response](
		func(p *formParser, f notifierForm) smp.NID {
			return smp.NID{NotifierCredentials: smp.NotifierCredentials{NotifierID: f.NotifierID, ServerDHKey: p.key(f.DHKey)}}
		},
		func(_ uint16, c smp.NID) notifierForm {
			return notifierForm{responseTag{c.Tag()}, c.NotifierID, c.ServerDHKey.SPKI()}
		}),
	"NMSG": jsonFormOf[smp.Response](parseNMSG,
		func(_ uint16, c smp.NMSG) notificationForm {
			return notificationForm{responseTag{c.Tag()}, c.Nonce[:], c.Meta}
		}),
	"PKEY": jsonFormOf[smp.Response](parsePKEY, showPKEY),
	"RRES": jsonFormOf[smp.Response](
		func(_ *formParser, f relayedForm) smp.RRES { return smp.RRES{Body: f.Body} },
		func(_ uint16, c smp.RRES) relayedForm { return relayedForm{responseTag{c.Tag()}, c.Body} }),
	"PRES": jsonFormOf[smp.Response](
		func(_ *formParser, f proxiedForm) smp.PRES { return smp.PRES{Body: f.Body} },
		func(_ uint16, c smp.PRES) proxiedForm { return proxiedForm{responseTag{c.Tag()}, c.Body} }),
	"INFO": jsonFormOf[smp.Response](
		func(p *formParser, f infoForm) smp.INFO { return smp.INFO{Queue: p.queueInfo(f.Info)} },
		func(_ uint16, c smp.INFO) infoForm { return infoForm{responseTag{c.Tag()}, queueInfoOf(c.Queue)} }),
	"ERR": jsonFormOf[smp.Response](
		func(p *formParser, f errorResponseForm) smp.ERR { return smp.ERR{Err: p.smpError(f.Error)} },
		func(_ uint16, c smp.ERR) errorResponseForm {
			return errorResponseForm{responseTag{c.Tag()}, shownError(c.Err)}
		}),
	"RNAME": jsonFormOf[smp.Response](
		func(_ *formParser, f nameForm) smp.RNAME { return smp.RNAME{Record: f.Record} },
		func(_ uint16, c smp.RNAME) nameForm { return nameForm{responseTag{c.Tag()}, c.Record} }),
}
