package codec

import (
	"bytes"
	"encoding/json"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

type commandToEncode struct {
	Version uint16          `json:"version"`
	Command json.RawMessage `json:"command"`
}

func (in commandToEncode) command() (smp.Command, error) {
	f, err := jsonFormFor(commandForms, "command", in.Command)
	if err != nil {
		return nil, err
	}
	return f.parse(in.Version, in.Command)
}

func encodeCommand(in commandToEncode) (encoded, error) {
	c, err := in.command()
	if err != nil {
		return encoded{}, err
	}
	b, err := smp.EncodeCommand(in.Version, c)
	return encoded{b}, err
}

type decodedCommand struct {
	Command any         `json:"command"`
	Ignored vectors.Hex `json:"ignored"`
}

func decodeCommand(in encodedAt) (decodedCommand, error) {
	c, err := smp.DecodeCommand(in.Version, in.Encoded)
	if err != nil {
		return decodedCommand{}, err
	}
	return decodedCommand{commandForms[c.Tag()].show(in.Version, c), ignoredBytes(c, in.Encoded)}, nil
}

// ignoredBytes returns what a well-formed command has that its meaning does not depend on.
func ignoredBytes(c smp.Command, encoded []byte) []byte {
	switch c := c.(type) {
	case smp.SEND:
		flags, _, _ := bytes.Cut(encoded[len("SEND "):], []byte(" "))
		return flags[1:]
	case smp.RSLV:
		return encoded[len("RSLV ")+len(c.Domain):]
	}
	return nil
}

type commandThroughout struct {
	decodedCommand
	throughout
}

func decodeCommandThroughout(in encodedWithin) (commandThroughout, error) {
	decoded, at, err := decodeThroughout(in, decodeCommand)
	return commandThroughout{decoded, at}, err
}

func recodeCommand(in encodedAt) (recodedBytes, error) {
	c, err := smp.DecodeCommand(in.Version, in.Encoded)
	if err != nil {
		return recodedBytes{}, err
	}
	b, err := smp.EncodeCommand(in.Version, c)
	return recodedBytes{b}, err
}

func commandError(in encodedAt) (wireError, error) {
	_, err := smp.DecodeCommand(in.Version, in.Encoded)
	return decodingError(err), nil
}

type encodedCommand struct {
	Command json.RawMessage `json:"command"`
	Encoded vectors.Hex     `json:"encoded"`
	Range   versions        `json:"range"`
}

func commandVersions(in encodedCommand) (sameVersions, error) {
	return versionsWith(in.Encoded, in.Range, func(version uint16) ([]byte, error) {
		b, err := encodeCommand(commandToEncode{version, in.Command})
		return b.Encoded, err
	})
}

type commandCredentials struct {
	Tag       string `json:"tag"`
	HasAuth   bool   `json:"has_authorization"`
	HasEntity bool   `json:"has_entity_id"`
}

func checkCredentials(in commandCredentials) (accepted, error) {
	c, ok := bareCommands[in.Tag]
	if !ok {
		return accepted{}, badRequest("%q is the tag of no command", in.Tag)
	}
	return acceptedUnless(smp.CheckCredentials(c, in.HasAuth, in.HasEntity))
}

// bareCommands are all commands by tag, without parameters.
var bareCommands = map[string]smp.Command{
	"NEW": smp.NEW{}, "SUB": smp.SUB{}, "SUBS": smp.SUBS{}, "KEY": smp.KEY{}, "RKEY": smp.RKEY{}, "LSET": smp.LSET{},
	"LDEL": smp.LDEL{}, "NKEY": smp.NKEY{}, "NDEL": smp.NDEL{}, "GET": smp.GET{}, "ACK": smp.ACK{}, "OFF": smp.OFF{},
	"DEL": smp.DEL{}, "QUE": smp.QUE{}, "SEND": smp.SEND{}, "SKEY": smp.SKEY{}, "PING": smp.PING{}, "LKEY": smp.LKEY{},
	"LGET": smp.LGET{}, "PRXY": smp.PRXY{}, "PFWD": smp.PFWD{}, "RFWD": smp.RFWD{}, "NSUB": smp.NSUB{},
	"NSUBS": smp.NSUBS{}, "RSLV": smp.RSLV{},
}

// commandTag is what all JSON forms of commands have.
type commandTag struct {
	Command string `json:"command"`
}

type newForm struct {
	commandTag
	AuthKey   vectors.Hex       `json:"rcv_auth_key"`
	DHKey     vectors.Hex       `json:"rcv_dh_key"`
	Password  *vectors.Hex      `json:"basic_auth"`
	Subscribe bool              `json:"subscribe"`
	Request   *queueRequestForm `json:"queue_req_data"`
	Notifier  *notifierKeysForm `json:"ntf_creds"`
}

func parseNEW(p *formParser, f newForm) smp.NEW {
	c := smp.NEW{AuthKey: p.key(f.AuthKey), DHKey: p.key(f.DHKey), Password: p.bytes(f.Password),
		Subscribe: f.Subscribe, Request: p.queueRequest(f.Request)}
	if f.Notifier != nil {
		k := p.notifierKeys(*f.Notifier)
		c.Notifier = &k
	}
	return c
}

func showNEW(_ uint16, c smp.NEW) newForm {
	f := newForm{commandTag{c.Tag()}, c.AuthKey.SPKI(), c.DHKey.SPKI(), bytesOrNull(c.Password), c.Subscribe, queueRequestOf(c.Request), nil}
	if c.Notifier != nil {
		k := notifierKeysOf(*c.Notifier)
		f.Notifier = &k
	}
	return f
}

type subscriptionForm struct {
	commandTag
	Count   *string      `json:"count"`
	IDsHash *vectors.Hex `json:"ids_hash"`
}

func (p *formParser) subscription(f subscriptionForm) smp.ServiceQueues {
	return p.serviceQueues(f.Count, f.IDsHash, p.version >= smp.VersionServiceCounts)
}

func subscriptionOf(tag string, version uint16, q smp.ServiceQueues) subscriptionForm {
	f := subscriptionForm{commandTag: commandTag{tag}, IDsHash: hashOf(version, q)}
	if version >= smp.VersionServiceCounts {
		count := int64Text(q.Count)
		f.Count = &count
	}
	return f
}

type keyForm struct {
	commandTag
	Key vectors.Hex `json:"key"`
}

type keysForm struct {
	commandTag
	Keys []vectors.Hex `json:"keys"`
}

func parseRKEY(p *formParser, f keysForm) smp.RKEY {
	c := smp.RKEY{Keys: make([]keys.PublicKey, len(f.Keys))}
	for i, k := range f.Keys {
		c.Keys[i] = p.key(k)
	}
	return c
}

func showRKEY(_ uint16, c smp.RKEY) keysForm {
	f := keysForm{commandTag{c.Tag()}, make([]vectors.Hex, len(c.Keys))}
	for i, k := range c.Keys {
		f.Keys[i] = k.SPKI()
	}
	return f
}

type twoKeysForm struct {
	commandTag
	Key   vectors.Hex `json:"key"`
	DHKey vectors.Hex `json:"dh_key"`
}

type setLinkForm struct {
	commandTag
	LinkID vectors.Hex  `json:"link_id"`
	Data   linkDataForm `json:"link_data"`
}

type acknowledgeForm struct {
	commandTag
	MsgID vectors.Hex `json:"msg_id"`
}

type sendForm struct {
	commandTag
	Notify bool        `json:"notification"`
	Body   vectors.Hex `json:"body"`
}

type relayForm struct {
	Hosts   []string    `json:"hosts"`
	Port    string      `json:"port"`
	KeyHash vectors.Hex `json:"key_hash"`
}

type proxyForm struct {
	commandTag
	Server   relayForm    `json:"server"`
	Password *vectors.Hex `json:"basic_auth"`
}

func parsePRXY(p *formParser, f proxyForm) smp.PRXY {
	return smp.PRXY{Server: f.Server.server(), Password: p.bytes(f.Password)}
}

func (f relayForm) server() smp.Server {
	return smp.Server{Hosts: f.Hosts, Port: f.Port, KeyHash: f.KeyHash}
}

func showPRXY(_ uint16, c smp.PRXY) proxyForm {
	return proxyForm{commandTag{c.Tag()}, relayForm{c.Server.Hosts, c.Server.Port, c.Server.KeyHash}, bytesOrNull(c.Password)}
}

type forwardForm struct {
	commandTag
	Version uint16      `json:"version"`
	Key     vectors.Hex `json:"key"`
	Body    vectors.Hex `json:"enc_transmission"`
}

type relayForwardForm struct {
	commandTag
	Body vectors.Hex `json:"enc_fwd_transmission"`
}

type resolveForm struct {
	commandTag
	Domain string `json:"domain"`
}

// bareCommand is the form of a command without parameters.
func bareCommand[C smp.Command]() jsonForm[smp.Command] {
	return jsonFormOf[smp.Command](func(*formParser, commandTag) (c C) { return c },
		func(_ uint16, c C) commandTag { return commandTag{c.Tag()} })
}

// keyCommand is the form of a command that has a key and nothing else.
func keyCommand[C smp.Command](parse func(keys.PublicKey) C, key func(C) keys.PublicKey) jsonForm[smp.Command] {
	return jsonFormOf[smp.Command](func(p *formParser, f keyForm) C { return parse(p.key(f.Key)) },
		func(_ uint16, c C) keyForm { return keyForm{commandTag{c.Tag()}, key(c).SPKI()} })
}

var commandForms = map[string]jsonForm[smp.Command]{
	"SUB": bareCommand[smp.SUB](), "NDEL": bareCommand[smp.NDEL](), "GET": bareCommand[smp.GET](),
	"OFF": bareCommand[smp.OFF](), "DEL": bareCommand[smp.DEL](), "QUE": bareCommand[smp.QUE](),
	"PING": bareCommand[smp.PING](), "LDEL": bareCommand[smp.LDEL](), "LGET": bareCommand[smp.LGET](),
	"NSUB": bareCommand[smp.NSUB](),
	"NEW":  jsonFormOf[smp.Command](parseNEW, showNEW),
	"SUBS": jsonFormOf[smp.Command](
		func(p *formParser, f subscriptionForm) smp.SUBS { return smp.SUBS{ServiceQueues: p.subscription(f)} },
		func(v uint16, c smp.SUBS) subscriptionForm { return subscriptionOf(c.Tag(), v, c.ServiceQueues) }),
	"NSUBS": jsonFormOf[smp.Command](
		func(p *formParser, f subscriptionForm) smp.NSUBS { return smp.NSUBS{ServiceQueues: p.subscription(f)} },
		func(v uint16, c smp.NSUBS) subscriptionForm { return subscriptionOf(c.Tag(), v, c.ServiceQueues) }),
	"KEY": keyCommand(func(k keys.PublicKey) smp.KEY { return smp.KEY{SenderKey: k} },
		func(c smp.KEY) keys.PublicKey { return c.SenderKey }),
	"SKEY": keyCommand(func(k keys.PublicKey) smp.SKEY { return smp.SKEY{SenderKey: k} },
		func(c smp.SKEY) keys.PublicKey { return c.SenderKey }),
	"LKEY": keyCommand(func(k keys.PublicKey) smp.LKEY { return smp.LKEY{SenderKey: k} },
		func(c smp.LKEY) keys.PublicKey { return c.SenderKey }),
	"RKEY": jsonFormOf[smp.Command](parseRKEY, showRKEY),
	"NKEY": jsonFormOf[smp.Command](
		func(p *formParser, f twoKeysForm) smp.NKEY {
			return smp.NKEY{NotifierKeys: p.notifierKeys(notifierKeysForm{f.Key, f.DHKey})}
		},
		func(_ uint16, c smp.NKEY) twoKeysForm {
			return twoKeysForm{commandTag{c.Tag()}, c.AuthKey.SPKI(), c.DHKey.SPKI()}
		}),
	"LSET": jsonFormOf[smp.Command](
		func(_ *formParser, f setLinkForm) smp.LSET { return smp.LSET{LinkID: f.LinkID, Data: f.Data.data()} },
		func(_ uint16, c smp.LSET) setLinkForm {
			return setLinkForm{commandTag{c.Tag()}, c.LinkID, linkDataOf(c.Data)}
		}),
	"ACK": jsonFormOf[smp.Command](
		func(_ *formParser, f acknowledgeForm) smp.ACK { return smp.ACK{MsgID: f.MsgID} },
		func(_ uint16, c smp.ACK) acknowledgeForm { return acknowledgeForm{commandTag{c.Tag()}, c.MsgID} }),
	"SEND": jsonFormOf[smp.Command](
		func(_ *formParser, f sendForm) smp.SEND { return smp.SEND{Notify: f.Notify, Body: f.Body} },
		func(_ uint16, c smp.SEND) sendForm { return sendForm{commandTag{c.Tag()}, c.Notify, c.Body} }),
	"PRXY": jsonFormOf[smp.Command](parsePRXY, showPRXY),
	"PFWD": jsonFormOf[smp.Command](
		func(p *formParser, f forwardForm) smp.PFWD {
			return smp.PFWD{Version: f.Version, Key: p.key(f.Key), Body: f.Body}
		},
		func(_ uint16, c smp.PFWD) forwardForm {
			return forwardForm{commandTag{c.Tag()}, c.Version, c.Key.SPKI(), c.Body}
		}),
	"RFWD": jsonFormOf[smp.Command](
		func(_ *formParser, f relayForwardForm) smp.RFWD { return smp.RFWD{Body: f.Body} },
		func(_ uint16, c smp.RFWD) relayForwardForm { return relayForwardForm{commandTag{c.Tag()}, c.Body} }),
	"RSLV": jsonFormOf[smp.Command](
		func(_ *formParser, f resolveForm) smp.RSLV { return smp.RSLV{Domain: f.Domain} },
		func(_ uint16, c smp.RSLV) resolveForm { return resolveForm{commandTag{c.Tag()}, c.Domain} }),
}
