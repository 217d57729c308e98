package codec

import (
	"errors"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

var handshakes = area{
	operations: map[string]handler{
		"server_hello":            operation(encodeServerHello),
		"decode_server_hello":     operation(decodeServerHello),
		"client_hello":            operation(encodeClientHello),
		"decode_client_hello":     operation(decodeClientHello),
		"service_response":        operation(encodeServiceResponse),
		"decode_service_response": operation(decodeServiceResponse),
		"client_handshake":        operation(clientHandshake),
		"server_handshake":        operation(serverHandshake),
		"handshake":               operation(wholeHandshake),
	},
	classes: []class{
		{transport.ErrServiceRefused, "ServiceRefused"}, // first: the relay's reason is in the chain too
		{transport.ErrSessionID, "OtherConnection"},
		{transport.ErrOtherCertificates, "OtherCertificates"},
		{transport.ErrRole, "UnknownRole"},
		{transport.ErrResponseTag, "UnknownAnswer"},
		{transport.ErrErrorName, "UnknownError"},
		{errNotInVersion, "NotInVersion"},
	},
}

var errNotInVersion = errors.New("a value that the version does not have")

type serverHelloInput struct {
	Offered           versions      `json:"offered"`
	SessionID         vectors.Hex   `json:"session_id"`
	Chain             []vectors.Hex `json:"chain"`
	LeafPrivateDER    *vectors.Hex  `json:"leaf_private_der"`
	SessionPrivateDER *vectors.Hex  `json:"session_private_der"`
}

type serverHelloOutput struct {
	SessionPublicDER *vectors.Hex `json:"session_public_der"`
	SignedKey        *vectors.Hex `json:"signed_key"`
	ServerHello      vectors.Hex  `json:"server_hello"`
}

func encodeServerHello(in serverHelloInput) (serverHelloOutput, error) {
	offered, err := in.Offered.wire()
	if err != nil {
		return serverHelloOutput{}, err
	}
	hello := transport.ServerHello{Versions: offered, SessionID: in.SessionID}
	var out serverHelloOutput
	given := []bool{in.Chain != nil, in.LeafPrivateDER != nil, in.SessionPrivateDER != nil}
	switch {
	case given[0] != given[1] || given[1] != given[2]:
		return out, badRequest("expected all of chain and keys, or none")
	case given[0] && offered.Max < smp.VersionAuthenticators:
		return out, fmt.Errorf("%w: a session key below version %d", errNotInVersion, smp.VersionAuthenticators)
	case given[0]:
		session, err := keys.ParsePrivate(*in.SessionPrivateDER)
		if err != nil {
			return out, err
		}
		leaf, err := keys.ParsePrivate(*in.LeafPrivateDER)
		if err != nil {
			return out, err
		}
		hello.Chain = byteSlices(in.Chain)
		if hello.SignedKey, err = keys.SignKey(session.Public(), leaf); err != nil {
			return out, err
		}
		out.SessionPublicDER, out.SignedKey = nullable(session.Public().SPKI()), nullable(hello.SignedKey)
	}
	out.ServerHello, err = hello.Encode()
	return out, err
}

// nullable returns bytes that may be absent: nil for nil.
func nullable(b []byte) *vectors.Hex {
	if b == nil {
		return nil
	}
	h := vectors.Hex(b)
	return &h
}

type serverHelloBytes struct {
	ServerHello vectors.Hex `json:"server_hello"`
}

type serverHelloParts struct {
	Offered          versions      `json:"offered"`
	SessionID        vectors.Hex   `json:"session_id"`
	Chain            []vectors.Hex `json:"chain"`
	SignedKey        *vectors.Hex  `json:"signed_key"`
	SessionPublicDER *vectors.Hex  `json:"session_public_der"`
	Ignored          vectors.Hex   `json:"ignored"`
}

func decodeServerHello(in serverHelloBytes) (serverHelloParts, error) {
	h, ignored, err := transport.ReadServerHello(in.ServerHello)
	if err != nil {
		return serverHelloParts{}, err
	}
	out := serverHelloParts{
		Offered: versions{h.Versions.Min, h.Versions.Max}, SessionID: h.SessionID, Chain: hexes(h.Chain),
		SignedKey: nullable(h.SignedKey), Ignored: ignored,
	}
	if h.SignedKey != nil {
		signed, err := keys.ParseSignedKey(h.SignedKey)
		if err != nil {
			return serverHelloParts{}, err
		}
		out.SessionPublicDER = nullable(signed.SPKI)
	}
	return out, nil
}

type offeredService struct {
	Role      string        `json:"role"`
	Chain     []vectors.Hex `json:"chain"`
	SignedKey vectors.Hex   `json:"signed_key"`
}

type clientHelloFields struct {
	Version         uint16          `json:"version"`
	KeyHash         vectors.Hex     `json:"key_hash"`
	ClientPublicDER *vectors.Hex    `json:"client_public_der"`
	Proxy           *bool           `json:"proxy"`
	Service         *offeredService `json:"service"`
}

type clientHelloBytes struct {
	ClientHello vectors.Hex `json:"client_hello"`
}

func encodeClientHello(in clientHelloFields) (clientHelloBytes, error) {
	hello := transport.ClientHello{Version: in.Version, KeyHash: in.KeyHash}
	for _, field := range []struct {
		name  string
		given bool
		since uint16
	}{
		{"session key", in.ClientPublicDER != nil, smp.VersionAuthenticators},
		{"proxy flag", in.Proxy != nil, smp.VersionProxyFlag},
		{"service", in.Service != nil, smp.VersionServices},
	} {
		if field.given && in.Version < field.since {
			return clientHelloBytes{}, fmt.Errorf("%w: %s at version %d", errNotInVersion, field.name, in.Version)
		}
	}
	if in.ClientPublicDER != nil {
		key, err := x25519Key(*in.ClientPublicDER)
		if err != nil {
			return clientHelloBytes{}, err
		}
		hello.Key = key
	}
	if in.Version >= smp.VersionProxyFlag {
		if in.Proxy == nil {
			return clientHelloBytes{}, badRequest("version %d needs the proxy flag", in.Version)
		}
		hello.Proxy = *in.Proxy
	}
	if in.Service != nil {
		role, err := roleOf(in.Service.Role)
		if err != nil {
			return clientHelloBytes{}, err
		}
		hello.Service = &transport.ClientService{Role: role, Chain: byteSlices(in.Service.Chain), SignedKey: in.Service.SignedKey}
	}
	encoded, err := hello.Encode()
	return clientHelloBytes{encoded}, err
}

func x25519Key(der []byte) (keys.PublicKey, error) {
	key, err := keys.ParsePublic(der)
	if err == nil && key.Algorithm() != keys.X25519 {
		err = fmt.Errorf("%w: %v, expected X25519", keys.ErrAlgorithm, key.Algorithm())
	}
	return key, err
}

func roleOf(name string) (transport.Role, error) {
	switch name {
	case "M", "N", "P":
		return transport.Role(name[0]), nil
	}
	return 0, fmt.Errorf("%w: %q", transport.ErrRole, name)
}

type clientHelloParts struct {
	clientHelloFields
	Ignored vectors.Hex `json:"ignored"`
}

func decodeClientHello(in clientHelloBytes) (clientHelloParts, error) {
	h, ignored, err := transport.ReadClientHello(in.ClientHello)
	if err != nil {
		return clientHelloParts{}, err
	}
	out := clientHelloParts{clientHelloFields{Version: h.Version, KeyHash: h.KeyHash, ClientPublicDER: nullable(h.Key.SPKI())}, ignored}
	if h.Version >= smp.VersionProxyFlag {
		out.Proxy = &h.Proxy
	}
	if h.Service != nil {
		out.Service = &offeredService{string(h.Service.Role), hexes(h.Service.Chain), h.Service.SignedKey}
	}
	return out, nil
}

type responseFields struct {
	ServiceID *vectors.Hex `json:"service_id"`
	Refusal   *string      `json:"refusal"`
}

type responseBytes struct {
	ServerResponse vectors.Hex `json:"server_response"`
}

func encodeServiceResponse(in responseFields) (responseBytes, error) {
	var response transport.ServiceResponse
	switch {
	case (in.ServiceID == nil) == (in.Refusal == nil):
		return responseBytes{}, badRequest("expected a service identifier or a refusal")
	case in.Refusal != nil:
		response.Error = transport.Error(*in.Refusal)
		if !response.Error.Known() {
			return responseBytes{}, fmt.Errorf("%w: %q", transport.ErrErrorName, *in.Refusal)
		}
	default:
		response.ServiceID = *in.ServiceID
	}
	encoded, err := response.Encode()
	return responseBytes{encoded}, err
}

type responseParts struct {
	responseFields
	Ignored vectors.Hex `json:"ignored"`
}

func decodeServiceResponse(in responseBytes) (responseParts, error) {
	response, ignored, err := transport.ReadServiceResponse(in.ServerResponse)
	if err != nil {
		return responseParts{}, err
	}
	out := responseParts{Ignored: ignored}
	if response.Error != "" {
		name := string(response.Error)
		out.Refusal = &name
		return out, nil
	}
	out.ServiceID = nullable(response.ServiceID)
	return out, nil
}

// connection is what one side knows after the handshake.
type connection struct {
	Version          uint16   `json:"version"`
	Range            versions `json:"range"`
	Batch            bool     `json:"batch"`
	BlockEncryption  bool     `json:"block_encryption"`
	ServiceAuth      bool     `json:"service_auth"`
	SessionIDImplied bool     `json:"session_id_implied"`
}

func connectionOf(c *transport.Conn) connection {
	remaining := c.Versions()
	return connection{
		Version: c.Version(), Range: versions{remaining.Min, remaining.Max}, Batch: true,
		BlockEncryption: c.Encrypted(), ServiceAuth: c.Version() >= smp.VersionServices,
		SessionIDImplied: c.Version() >= smp.VersionAuthenticators,
	}
}

// allowed turns a range of the vectors into that of a configuration, where the empty one
// means all versions.
func (v versions) allowed() (wire.VersionRange, error) {
	r, err := v.wire()
	if err == nil && r == (wire.VersionRange{}) {
		err = badRequest("a range of version 0 alone")
	}
	return r, err
}
