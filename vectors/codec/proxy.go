package codec

import (
	"errors"
	"fmt"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

var proxied = area{
	operations: map[string]handler{
		"seal_forwarded": operation(sealForwarded),
		"decode_pfwd":    operation(decodePFWD),
		"open_forwarded": operation(openForwarded),
		"seal_rfwd":      operation(sealRFWD),
		"open_rfwd":      operation(openRFWD),
		"seal_response":  operation(sealResponse),
		"open_pres":      operation(openPRES),
		"seal_rres":      operation(sealRRES),
		"open_rres":      operation(openRRES),
		"response_nonce": operation(responseNonce),
		"digest_proxied": operation(digestProxied),
	},
	classes: []class{
		{errOtherTag, "OtherTag"},
		{smp.ErrUnknownTag, "UnknownTag"},
	},
}

var errOtherTag = errors.New("another command or response")

// The commands and responses of forwarding are the same at all versions that have them.
const forwardingVersion = smp.VersionProxy

// commandAs decodes a command that has to be a C.
func commandAs[C smp.Command](b []byte) (C, error) {
	var none C
	c, err := smp.DecodeCommand(forwardingVersion, b)
	if err != nil {
		return none, err
	}
	as, ok := c.(C)
	if !ok {
		return none, fmt.Errorf("%w: %s", errOtherTag, c.Tag())
	}
	return as, nil
}

// responseAs decodes a response that has to be a C.
func responseAs[C smp.Response](b []byte) (C, error) {
	var none C
	c, err := smp.DecodeResponse(forwardingVersion, b)
	if err != nil {
		return none, err
	}
	as, ok := c.(C)
	if !ok {
		return none, fmt.Errorf("%w: %s", errOtherTag, c.Tag())
	}
	return as, nil
}

type forwardedInputs struct {
	Version        uint16      `json:"version"`
	RelaySessionID vectors.Hex `json:"relay_session_id"`
	sentParts
	SenderPrivateKey  *vectors.Hex `json:"sender_private_key"`
	RelayPublicKey    vectors.Hex  `json:"relay_public_key"`
	CommandPrivateKey vectors.Hex  `json:"command_private_key"`
	Length            int          `json:"length"`
}

type forwardedSteps struct {
	CommandSecret vectors.Hex `json:"command_secret"`
	BoxKey        vectors.Hex `json:"box_key"`
	Authorized    vectors.Hex `json:"authorized"`
	Authorization vectors.Hex `json:"authorization"`
	CommandKey    vectors.Hex `json:"command_key"`
	BlockContent  vectors.Hex `json:"block_content"`
	Forwarded     vectors.Hex `json:"forwarded"`
	PFWD          vectors.Hex `json:"pfwd"`
}

func sealForwarded(in forwardedInputs) (forwardedSteps, error) {
	var out forwardedSteps
	secret, err := keysDER{in.CommandPrivateKey, in.RelayPublicKey}.x25519()
	if err != nil {
		return out, err
	}
	t := &smp.Transmission{CorrelationID: in.CorrelationID, EntityID: in.EntityID, Command: in.Command}
	if in.SenderPrivateKey != nil {
		authorizer, err := authorizeInputs{QueuePrivateKey: *in.SenderPrivateKey, RelayPublicKey: &in.RelayPublicKey}.authorizer()
		if err != nil {
			return out, err
		}
		if err := t.Authorize(in.RelaySessionID, authorizer); err != nil {
			return out, err
		}
	}
	authorized, err := t.Authorized(in.RelaySessionID)
	if err != nil {
		return out, err
	}
	content, err := t.AppendBlock(nil, in.Version)
	if err != nil {
		return out, err
	}
	sealed, err := sealPadded(secret, in.CorrelationID, content, in.Length)
	if err != nil {
		return out, err
	}
	command, err := keys.ParsePrivate(in.CommandPrivateKey)
	if err != nil {
		return out, err
	}
	pfwd, err := smp.EncodeCommand(forwardingVersion, smp.PFWD{Version: in.Version, Key: command.Public(), Body: sealed.Box})
	return forwardedSteps{secret, sealed.BoxKey, authorized, t.Authorization, command.Public().SPKI(), content, sealed.Box, pfwd}, err
}

type pfwdBytes struct {
	PFWD vectors.Hex `json:"pfwd"`
}

type pfwdParts struct {
	Version    uint16      `json:"version"`
	CommandKey vectors.Hex `json:"command_key"`
	Forwarded  vectors.Hex `json:"forwarded"`
}

func decodePFWD(in pfwdBytes) (pfwdParts, error) {
	c, err := commandAs[smp.PFWD](in.PFWD)
	return pfwdParts{c.Version, c.Key.SPKI(), c.Body}, err
}

type forwardedToOpen struct {
	CommandSecret vectors.Hex `json:"command_secret"`
	CorrelationID vectors.Hex `json:"correlation_id"`
	Forwarded     vectors.Hex `json:"forwarded"`
}

type openedForwarded struct {
	BlockContent vectors.Hex `json:"block_content"`
	Padding      vectors.Hex `json:"forwarded_padding"`
}

func openForwarded(in forwardedToOpen) (openedForwarded, error) {
	u, err := openPaddedSecretBox(secretBoxToOpen{in.CommandSecret, in.CorrelationID, in.Forwarded})
	return openedForwarded{u.Message, u.Padding}, err
}

// proxySession is the layer between proxy and relay for one RFWD.
type proxySession struct {
	SessionSecret      vectors.Hex `json:"session_secret"`
	ProxyCorrelationID vectors.Hex `json:"proxy_correlation_id"`
}

func (s proxySession) command() (seal, error) { return sealOf(s.SessionSecret, s.ProxyCorrelationID) }

func (s proxySession) response() (seal, error) {
	layer, err := s.command()
	layer.nonce = layer.nonce.Reverse()
	return layer, err
}

type rfwdInputs struct {
	proxySession
	correlation
	pfwdParts
}

type rfwdSteps struct {
	BoxKey           vectors.Hex `json:"session_box_key"`
	ForwardedCommand vectors.Hex `json:"forwarded_command"`
	RFWD             vectors.Hex `json:"rfwd"`
}

func sealRFWD(in rfwdInputs) (rfwdSteps, error) {
	layer, err := in.command()
	if err != nil {
		return rfwdSteps{}, err
	}
	command, err := keys.ParsePublic(in.CommandKey)
	if err != nil {
		return rfwdSteps{}, err
	}
	plain, err := smp.ForwardedCommand{CorrelationID: in.CorrelationID, Version: in.Version, Key: command, Body: in.Forwarded}.Encode()
	if err != nil {
		return rfwdSteps{}, err
	}
	rfwd, err := smp.EncodeCommand(forwardingVersion, smp.RFWD{Body: layer.closed(plain)})
	return rfwdSteps{layer.key[:], plain, rfwd}, err
}

type rfwdToOpen struct {
	proxySession
	RFWD vectors.Hex `json:"rfwd"`
}

type openedRFWD struct {
	correlation
	pfwdParts
}

func openRFWD(in rfwdToOpen) (openedRFWD, error) {
	layer, err := in.command()
	if err != nil {
		return openedRFWD{}, err
	}
	c, err := commandAs[smp.RFWD](in.RFWD)
	if err != nil {
		return openedRFWD{}, err
	}
	plain, err := layer.open(c.Body)
	if err != nil {
		return openedRFWD{}, err
	}
	f, err := smp.DecodeForwardedCommand(plain)
	return openedRFWD{correlation{f.CorrelationID}, pfwdParts{f.Version, f.Key.SPKI(), f.Body}}, err
}

type responseInputs struct {
	CommandSecret vectors.Hex `json:"command_secret"`
	CorrelationID vectors.Hex `json:"correlation_id"`
	EntityID      vectors.Hex `json:"entity_id"`
	Response      vectors.Hex `json:"response"`
	Length        int         `json:"length"`
}

type responseSteps struct {
	ClientNonce     vectors.Hex `json:"client_nonce"`
	ResponseContent vectors.Hex `json:"response_content"`
	SealedResponse  vectors.Hex `json:"sealed_response"`
	PRES            vectors.Hex `json:"pres"`
}

// responseLayer is the layer between relay and client for a response.
func responseLayer(secret, correlationID vectors.Hex) (seal, error) {
	layer, err := sealOf(secret, correlationID)
	layer.nonce = layer.nonce.Reverse()
	return layer, err
}

func sealResponse(in responseInputs) (responseSteps, error) {
	layer, err := responseLayer(in.CommandSecret, in.CorrelationID)
	if err != nil {
		return responseSteps{}, err
	}
	t := &smp.Transmission{CorrelationID: in.CorrelationID, EntityID: in.EntityID, Command: in.Response}
	content, err := t.AppendBlock(nil, forwardingVersion) // without authorization all have the same form
	if err != nil {
		return responseSteps{}, err
	}
	padded, err := wire.Pad(nil, content, in.Length)
	if err != nil {
		return responseSteps{}, err
	}
	sealed := layer.closed(padded)
	pres, err := smp.EncodeResponse(forwardingVersion, smp.PRES{Body: sealed})
	return responseSteps{layer.nonce[:], content, sealed, pres}, err
}

func responseNonce(in correlation) (aNonce, error) {
	n, err := box.NonceFrom(in.CorrelationID)
	n = n.Reverse()
	return aNonce{n[:]}, err
}

type presToOpen struct {
	CommandSecret vectors.Hex `json:"command_secret"`
	CorrelationID vectors.Hex `json:"correlation_id"`
	PRES          vectors.Hex `json:"pres"`
}

type openedPRES struct {
	ResponseContent vectors.Hex `json:"response_content"`
	Padding         vectors.Hex `json:"response_padding"`
}

func openPRES(in presToOpen) (openedPRES, error) {
	layer, err := responseLayer(in.CommandSecret, in.CorrelationID)
	if err != nil {
		return openedPRES{}, err
	}
	c, err := responseAs[smp.PRES](in.PRES)
	if err != nil {
		return openedPRES{}, err
	}
	u, err := layer.openPadded(c.Body)
	return openedPRES{u.Message, u.Padding}, err
}

type rresInputs struct {
	proxySession
	correlation
	SealedResponse vectors.Hex `json:"sealed_response"`
}

type rresSteps struct {
	ProxyNonce        vectors.Hex `json:"proxy_nonce"`
	ForwardedResponse vectors.Hex `json:"forwarded_response"`
	RRES              vectors.Hex `json:"rres"`
}

func sealRRES(in rresInputs) (rresSteps, error) {
	layer, err := in.response()
	if err != nil {
		return rresSteps{}, err
	}
	plain, err := smp.ForwardedResponse{CorrelationID: in.CorrelationID, Body: in.SealedResponse}.Encode()
	if err != nil {
		return rresSteps{}, err
	}
	rres, err := smp.EncodeResponse(forwardingVersion, smp.RRES{Body: layer.closed(plain)})
	return rresSteps{layer.nonce[:], plain, rres}, err
}

type rresToOpen struct {
	proxySession
	RRES vectors.Hex `json:"rres"`
}

type openedRRES struct {
	correlation
	SealedResponse vectors.Hex `json:"sealed_response"`
}

func openRRES(in rresToOpen) (openedRRES, error) {
	layer, err := in.response()
	if err != nil {
		return openedRRES{}, err
	}
	c, err := responseAs[smp.RRES](in.RRES)
	if err != nil {
		return openedRRES{}, err
	}
	plain, err := layer.open(c.Body)
	if err != nil {
		return openedRRES{}, err
	}
	f, err := smp.DecodeForwardedResponse(plain)
	return openedRRES{correlation{f.CorrelationID}, f.Body}, err
}

type proxiedParts struct {
	proxySession
	correlation
	pfwdParts
	SealedResponse vectors.Hex `json:"sealed_response"`
}

type proxiedDigests struct {
	PFWD             vectors.Hex `json:"pfwd_sha256"`
	ForwardedCommand vectors.Hex `json:"forwarded_command_sha256"`
	RFWD             vectors.Hex `json:"rfwd_sha256"`
	RRES             vectors.Hex `json:"rres_sha256"`
	PRES             vectors.Hex `json:"pres_sha256"`
}

func digestProxied(in proxiedParts) (proxiedDigests, error) {
	command, err := keys.ParsePublic(in.CommandKey)
	if err != nil {
		return proxiedDigests{}, err
	}
	pfwd, err := smp.EncodeCommand(forwardingVersion, smp.PFWD{Version: in.Version, Key: command, Body: in.Forwarded})
	if err != nil {
		return proxiedDigests{}, err
	}
	rfwd, err := sealRFWD(rfwdInputs{in.proxySession, in.correlation, in.pfwdParts})
	if err != nil {
		return proxiedDigests{}, err
	}
	rres, err := sealRRES(rresInputs{in.proxySession, in.correlation, in.SealedResponse})
	if err != nil {
		return proxiedDigests{}, err
	}
	pres, err := smp.EncodeResponse(forwardingVersion, smp.PRES{Body: in.SealedResponse})
	return proxiedDigests{sum(pfwd), sum(rfwd.ForwardedCommand), sum(rfwd.RFWD), sum(rres.RRES), sum(pres)}, err
}
