package plan

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"smpcheck/vectors"
)

// planLayers plans the tests of the layers of encryption around messages.
func planLayers(b builder, g *vectors.Group, t *vectors.Test) ([]Call, error) {
	if plan, ok := layerGroups[g.Name]; ok {
		return plan(&calls{builder: b}, t)
	}
	return nil, ErrNoPlan
}

var layerGroups = map[string]func(*calls, *vectors.Test) ([]Call, error){
	"rcv":       planDelivery,
	"nmsg":      planNotification,
	"queue_e2e": planQueueEnvelope,
	"limits":    planLimits,
	"proxy":     planProxy,
	"sender_id": planSenderID,
}

// Lengths to which the official implementation pads, and the longest body.
const (
	deliveryLength     = 16106
	notificationLength = 128
	proxiedLength      = 16226
	longestBody        = 16088
)

func seconds(at int64) string { return strconv.FormatInt(at, 10) }

type deliveryInputs struct {
	Body         *vectors.Hex `json:"body"`
	Secret       vectors.Hex  `json:"dh_secret"`
	MsgID        vectors.Hex  `json:"msg_id"`
	Notification *bool        `json:"notification"`
	Recipient    vectors.Key  `json:"recipient_dh"`
	Server       vectors.Key  `json:"server_dh"`
	Timestamp    int64        `json:"ts"`
	Len          int          `json:"len"`
	Plain        vectors.Hex  `json:"plain"`
	Encrypted    vectors.Hex  `json:"encrypted"`
}

func planDelivery(c *calls, t *vectors.Test) ([]Call, error) {
	var in deliveryInputs
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	switch {
	case in.Plain != nil:
		return planParsedDelivery(c, t, in.Plain)
	case in.Len > longestBody:
		body := vectors.Hex(make([]byte, in.Len))
		c.refuse("encode_delivery", "MessageTooLarge", fields{"quota": false, "timestamp": "0", "notify": false, "body": body})
	case in.Secret == nil:
		c.expect("id_nonce", fields{"id": in.MsgID, "nonce": json.RawMessage(t.Output)})
	case t.Invalid():
		c.refuse("open_delivery", "BoxClosed", fields{"secret": in.Secret, "message_id": in.MsgID, "sealed": in.Encrypted})
	default:
		return planSealedDelivery(c, t, in)
	}
	return c.done()
}

func planSealedDelivery(c *calls, t *vectors.Test, in deliveryInputs) ([]Call, error) {
	var out struct {
		Encrypted vectors.Hex `json:"encrypted"`
		Plain     vectors.Hex `json:"plain"`
	}
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	c.agreement(in.Recipient, in.Server, in.Secret)
	all := fields{
		"secret": in.Secret, "message_id": in.MsgID, "quota": in.Body == nil, "timestamp": seconds(in.Timestamp),
		"notify": in.Notification, "body": in.Body, "later_flags": nil, "length": deliveryLength,
		"delivery": out.Plain, "sealed": out.Encrypted,
	}
	if in.Body != nil {
		all["later_flags"] = ""
	}
	for _, operation := range []string{"encode_delivery", "decode_delivery", "seal_delivery", "open_delivery"} {
		c.expect(operation, all)
	}
	return c.done()
}

func planParsedDelivery(c *calls, t *vectors.Test, plain vectors.Hex) ([]Call, error) {
	if t.Invalid() {
		c.refuse("decode_delivery", "", fields{"delivery": plain})
		return c.done()
	}
	var out struct {
		Kind      string       `json:"kind"`
		Timestamp int64        `json:"ts"`
		Flags     vectors.Hex  `json:"flags"`
		Body      *vectors.Hex `json:"body"`
	}
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	kinds := map[string]bool{"message": false, "quota": true}
	quota, known := kinds[out.Kind]
	if !known || quota != (out.Body == nil) {
		return nil, fmt.Errorf("%q is no kind of message with this body", out.Kind)
	}
	all := fields{"delivery": plain, "quota": quota, "timestamp": seconds(out.Timestamp), "notify": nil, "body": out.Body, "later_flags": nil}
	if !quota {
		notify, err := flag(out.Flags)
		if err != nil {
			return nil, err
		}
		all["notify"] = notify
		all["later_flags"] = vectors.Hex(laterFlags(t.ID))
	}
	c.expect("decode_delivery", all)
	return c.done()
}

// flag reads the only message flag.
func flag(encoded vectors.Hex) (bool, error) {
	switch string(encoded) {
	case "T":
		return true, nil
	case "F":
		return false, nil
	}
	return false, fmt.Errorf("%q are no message flags", encoded)
}

// laterFlags returns the flags that follow the known one in a test, of which the output
// shows nothing.
func laterFlags(id string) string {
	if strings.HasSuffix(id, "/extended flags") {
		return "abc"
	}
	return ""
}

func planNotification(c *calls, t *vectors.Test) ([]Call, error) {
	var in struct {
		Secret    vectors.Hex `json:"dh_secret"`
		MsgID     vectors.Hex `json:"msg_id"`
		Nonce     vectors.Hex `json:"nonce"`
		Recipient vectors.Key `json:"recipient_ntf_dh"`
		Server    vectors.Key `json:"server_ntf_dh"`
		Timestamp int64       `json:"ts"`
		Plain     vectors.Hex `json:"plain"`
	}
	var out struct {
		MsgID     vectors.Hex `json:"msg_id"`
		Timestamp int64       `json:"ts"`
		Encrypted vectors.Hex `json:"encrypted"`
		Plain     vectors.Hex `json:"plain"`
	}
	if err := decodeBoth(t, &in, &out); err != nil {
		return nil, err
	}
	switch {
	case in.Plain == nil:
		c.agreement(in.Recipient, in.Server, in.Secret)
		all := fields{
			"secret": in.Secret, "nonce": in.Nonce, "message_id": in.MsgID, "timestamp": seconds(in.Timestamp),
			"extension": "", "length": notificationLength, "notification": out.Plain, "sealed": out.Encrypted,
		}
		for _, operation := range []string{"encode_notification", "decode_notification", "seal_notification", "open_notification"} {
			c.expect(operation, all)
		}
	case t.Invalid():
		c.refuse("decode_notification", "", fields{"notification": in.Plain})
	default:
		extension := ""
		if strings.HasSuffix(t.ID, "/trailing") {
			extension = "xyz" // ignored, and not in the output
		}
		c.expect("decode_notification", fields{
			"notification": in.Plain, "message_id": out.MsgID, "timestamp": seconds(out.Timestamp), "extension": vectors.Hex(extension),
		})
	}
	return c.done()
}

type queueEnvelopeInputs struct {
	Body      vectors.Hex  `json:"body"`
	Version   uint16       `json:"client_version"`
	Secret    vectors.Hex  `json:"dh_secret"`
	KeySent   bool         `json:"e2e_key_in_header"`
	Nonce     vectors.Hex  `json:"nonce"`
	PaddedLen int          `json:"padded_len"`
	Recipient vectors.Key  `json:"recipient_e2e"`
	AuthKey   *vectors.Hex `json:"sender_auth_key"`
	Sender    vectors.Key  `json:"sender_e2e"`
	Plain     vectors.Hex  `json:"plain"`
	Envelope  vectors.Hex  `json:"envelope"`
}

func planQueueEnvelope(c *calls, t *vectors.Test) ([]Call, error) {
	var in queueEnvelopeInputs
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	switch {
	case in.Plain != nil:
		return planParsedEnvelope(c, t, "client_message", in.Plain)
	case in.Envelope != nil:
		return planParsedEnvelope(c, t, "envelope", in.Envelope)
	}
	var out struct {
		ClientMessage vectors.Hex `json:"client_message"`
		Envelope      vectors.Hex `json:"envelope"`
		Len           int         `json:"envelope_len"`
		SHA256        vectors.Hex `json:"envelope_sha256"`
	}
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	c.agreement(in.Sender, in.Recipient, in.Secret)
	all := fields{
		"secret": in.Secret, "client_version": in.Version, "dh_key": nil, "nonce": in.Nonce, "sender_key": in.AuthKey,
		"body": in.Body, "length": in.PaddedLen, "client_message": out.ClientMessage,
		"envelope_length": out.Len, "envelope_sha256": out.SHA256,
	}
	if in.KeySent {
		all["dh_key"] = in.Sender.PublicDER
	}
	c.expect("encode_client_message", all)
	c.expect("decode_client_message", all)
	c.expect("digest_envelope", all)
	if out.Envelope != nil {
		all["envelope"] = out.Envelope
		c.expect("seal_envelope", all)
		c.expect("open_envelope", all)
	}
	return c.done()
}

// planParsedEnvelope plans the test of a decoder, and of the encoder beside it: the
// output has the header, then perhaps the nonce, and the rest as body.
func planParsedEnvelope(c *calls, t *vectors.Test, name string, encoded vectors.Hex) ([]Call, error) {
	if t.Invalid() {
		c.refuse("decode_"+name, "", fields{name: encoded})
		return c.done()
	}
	var out struct {
		Body   vectors.Hex `json:"body"`
		Header vectors.Hex `json:"header"`
		Nonce  vectors.Hex `json:"nonce"`
	}
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	all := fields{
		name: encoded, "private_header": out.Header, "public_header": out.Header, "nonce": out.Nonce, "body": out.Body, "box": out.Body,
	}
	header := headerParts(out.Header)
	if name == "envelope" {
		if len(out.Header) < versionSize {
			return nil, ErrNoPlan
		}
		header = publicHeaderParts(out.Header)
	}
	c.both("encode_"+name, "decode_"+name, merge(all, header))
	return c.done()
}

// headerParts takes the private header of a client message apart: 'K' and the sender's key
// as a short string, or '_'.
func headerParts(header vectors.Hex) fields {
	key, found := bytes.CutPrefix(header, []byte("K"))
	if !found {
		return fields{"sender_key": nil}
	}
	return fields{"sender_key": vectors.Hex(key[min(1, len(key)):])}
}

const versionSize = 2

// publicHeaderParts takes the public header of an envelope apart: the version, and the
// optional key as a short string.
func publicHeaderParts(header vectors.Hex) fields {
	parts := fields{"client_version": binary.BigEndian.Uint16(header), "dh_key": nil}
	if key, found := bytes.CutPrefix(header[versionSize:], []byte("1")); found {
		parts["dh_key"] = vectors.Hex(key[min(1, len(key)):])
	}
	return parts
}

func planLimits(c *calls, t *vectors.Test) ([]Call, error) {
	var out struct {
		Block        int            `json:"block"`
		Confirmation int            `json:"e2e_confirmation"`
		Message      int            `json:"e2e_message"`
		Max          map[uint16]int `json:"max_message_length"`
		Proxied      int            `json:"padded_proxied_transmission"`
	}
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	c.expect("layer_lengths", fields{
		"block": out.Block, "e2e_confirmation": out.Confirmation, "e2e_message": out.Message, "padded_proxied_transmission": out.Proxied,
	})
	for version, length := range out.Max {
		c.expect("message_limit", fields{"version": version, "max_message_length": length})
	}
	return c.done()
}

func planSenderID(c *calls, t *vectors.Test) ([]Call, error) {
	var in struct {
		CorrelationID vectors.Hex `json:"correlation_id"`
	}
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	c.expect("sender_id", fields{"correlation_id": in.CorrelationID, "sender_id": json.RawMessage(t.Output)})
	return c.done()
}

type proxyInputs struct {
	CommandKey      vectors.Key  `json:"client_command_key"`
	CorrelationID   vectors.Hex  `json:"client_correlation_id"`
	Command         vectors.Hex  `json:"command"`
	CommandSecret   vectors.Hex  `json:"command_secret"`
	EntityID        vectors.Hex  `json:"entity_id"`
	ProxyCorrID     vectors.Hex  `json:"proxy_correlation_id"`
	ProxyKey        vectors.Key  `json:"proxy_session_key"`
	RelaySessionID  vectors.Hex  `json:"relay_session_id"`
	RelaySessionKey vectors.Key  `json:"relay_session_key"`
	Response        vectors.Hex  `json:"response"`
	SenderKey       *vectors.Key `json:"sender_auth_key"`
	SessionSecret   vectors.Hex  `json:"session_secret"`
	Version         uint16       `json:"version"`
}

type proxyOutput struct {
	Batch           vectors.Hex `json:"batch"`
	EncResponse     vectors.Hex `json:"enc_response"`
	EncTransmission vectors.Hex `json:"enc_transmission"`
	FwdSHA256       vectors.Hex `json:"fwd_transmission_sha256"`
	PFWDSHA256      vectors.Hex `json:"pfwd_command_sha256"`
	PRESSHA256      vectors.Hex `json:"pres_sha256"`
	ResponseBatch   vectors.Hex `json:"response_batch"`
	NonceClient     vectors.Hex `json:"response_nonce_client"`
	NonceProxy      vectors.Hex `json:"response_nonce_proxy"`
	RFWD            vectors.Hex `json:"rfwd_command"`
	RFWDSHA256      vectors.Hex `json:"rfwd_command_sha256"`
	RRES            vectors.Hex `json:"rres"`
	RRESSHA256      vectors.Hex `json:"rres_sha256"`
	SignedPart      vectors.Hex `json:"signed_part"`
}

func planProxy(c *calls, t *vectors.Test) ([]Call, error) {
	var in proxyInputs
	var out proxyOutput
	if err := decodeBoth(t, &in, &out); err != nil {
		return nil, err
	}
	c.agreement(in.CommandKey, in.RelaySessionKey, in.CommandSecret)
	c.agreement(in.ProxyKey, in.RelaySessionKey, in.SessionSecret)
	all := fields{
		"version": in.Version, "relay_session_id": in.RelaySessionID, "correlation_id": in.CorrelationID,
		"entity_id": in.EntityID, "command": in.Command, "response": in.Response, "sender_private_key": nil,
		"relay_public_key": in.RelaySessionKey.PublicDER, "command_private_key": in.CommandKey.PrivateDER,
		"command_key": in.CommandKey.PublicDER, "length": proxiedLength,
		"command_secret": in.CommandSecret, "session_secret": in.SessionSecret, "proxy_correlation_id": in.ProxyCorrID,
		"authorized": out.SignedPart, "block_content": out.Batch, "forwarded": out.EncTransmission,
		"response_content": out.ResponseBatch, "sealed_response": out.EncResponse,
		"client_nonce": out.NonceClient, "proxy_nonce": out.NonceProxy,
		"pfwd_sha256": out.PFWDSHA256, "forwarded_command_sha256": out.FwdSHA256,
		"rfwd_sha256": out.RFWDSHA256, "rres_sha256": out.RRESSHA256, "pres_sha256": out.PRESSHA256,
		"pres": vectors.Hex(append([]byte("PRES "), out.EncResponse...)),
	}
	if in.SenderKey != nil {
		c.pair(*in.SenderKey)
		all["sender_private_key"] = in.SenderKey.PrivateDER
	}
	c.expect("response_nonce", fields{"correlation_id": in.CorrelationID, "nonce": out.NonceClient})
	c.expect("response_nonce", fields{"correlation_id": in.ProxyCorrID, "nonce": out.NonceProxy})
	operations := []string{"seal_forwarded", "open_forwarded", "seal_response", "open_pres", "digest_proxied"}
	if out.RFWD != nil {
		all["rfwd"] = out.RFWD
		operations = append(operations, "seal_rfwd", "open_rfwd")
	}
	if out.RRES != nil {
		all["rres"] = out.RRES
		operations = append(operations, "seal_rres", "open_rres")
	}
	for _, operation := range operations {
		c.expect(operation, all)
	}
	return c.done()
}
