package plan

import (
	"maps"

	"smpcheck/vectors"
)

// handshakeInputs are the inputs of the tests of handshakes.
type handshakeInputs struct {
	ALPN            bool              `json:"alpn_smp1"`
	Proxy           bool              `json:"client_is_proxy"`
	ClientKey       *vectors.Key      `json:"client_key"`
	ClientRange     [2]uint16         `json:"client_range"`
	KeyHash         vectors.Hex       `json:"key_hash_used_by_client"`
	Chain           []vectors.Hex     `json:"server_cert_chain"`
	ServerKey       vectors.Key       `json:"server_key"`
	LeafPrivate     vectors.Hex       `json:"server_leaf_private_der"`
	ServerRange     [2]uint16         `json:"server_range"`
	SessionID       vectors.Hex       `json:"session_id"`
	ClientSessionID *vectors.Hex      `json:"client_side_session_id"`
	Received        *vectors.Hex      `json:"received"`
	Receiver        string            `json:"side_that_receives"`
	Service         *handshakeService `json:"service"`
}

type handshakeService struct {
	Chain        []vectors.Hex `json:"cert_chain"`
	Hash         vectors.Hex   `json:"cert_hash"`
	LeafPrivate  vectors.Hex   `json:"leaf_private_der"`
	PresentedTLS bool          `json:"presented_in_tls"`
	Role         string        `json:"role"`
	SessionKey   vectors.Key   `json:"session_key"`
}

// handshakeOutput are the contents of the blocks.
type handshakeOutput struct {
	ServerHello    vectors.Hex  `json:"server_hello"`
	ClientHello    *vectors.Hex `json:"client_hello"`
	ServerResponse *vectors.Hex `json:"server_response"`
}

// handshakeErrors are the classes of the errors that each side finds. Any class will do for
// an error that is not here.
var handshakeErrors = map[string]map[string]string{
	"client": {"VERSION": "NoCommonVersion", "SESSION": "OtherConnection", "HANDSHAKE BAD_SERVICE": "ServiceRefused"},
	"server": {"VERSION": "VersionOutside", "HANDSHAKE IDENTITY": "OtherIdentity", "HANDSHAKE BAD_SERVICE": "ServiceRefused"},
}

// chainTime is when the certificates of the tests are looked at, in seconds since 1970:
// in the year 2030.
const chainTime = "1893456000"

// planHandshake plans complete handshakes, and those of one side with a message that was
// changed on its way. It also checks that the keys, certificates and fingerprints of the
// inputs belong together.
func planHandshake(b builder, g *vectors.Group, t *vectors.Test) ([]Call, error) {
	var in handshakeInputs
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	c := &calls{builder: b}
	if !t.Invalid() {
		c.credentials(&in)
	}
	if in.Received != nil {
		var result vectors.HandshakeResult
		if err := t.Output.Decode(&result); err != nil {
			return nil, err
		}
		c.received(&in, result)
		return c.done()
	}
	var out handshakeOutput
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	if t.ClientResult == nil || t.ServerResult == nil {
		return nil, ErrNoPlan
	}
	if t.Invalid() {
		c.failed(&in, out, t)
	} else {
		c.complete(&in, out, t)
	}
	return c.done()
}

func (c *calls) credentials(in *handshakeInputs) {
	c.pair(in.ServerKey)
	if in.ClientKey != nil {
		c.pair(*in.ClientKey)
	}
	c.expect("credentials", fields{
		"chain": in.Chain, "leaf_private_der": in.LeafPrivate, "time": chainTime, "identity_fingerprint": in.KeyHash,
	})
	if in.Service != nil {
		c.pair(in.Service.SessionKey)
		c.expect("credentials", fields{
			"chain": in.Service.Chain, "leaf_private_der": in.Service.LeafPrivate, "time": chainTime,
			"identity_fingerprint": in.Service.Hash,
		})
	}
}

// client are the inputs of the client's side.
func (in *handshakeInputs) client(serverHello vectors.Hex, serverResponse *vectors.Hex) fields {
	side := fields{
		"server_hello": serverHello, "server_response": serverResponse, "session_id": in.SessionID, "key_hash": in.KeyHash,
		"client_versions": in.ClientRange, "proxy": in.Proxy, "client_private_der": nil, "leaf": nil, "service": nil,
	}
	if len(in.Chain) > 0 {
		side["leaf"] = in.Chain[0]
	}
	if in.ClientSessionID != nil {
		side["session_id"] = in.ClientSessionID
	}
	if in.ClientKey != nil {
		side["client_private_der"] = in.ClientKey.PrivateDER
	}
	if in.Service != nil && in.Service.PresentedTLS {
		side["service"] = fields{
			"role": in.Service.Role, "chain": in.Service.Chain, "leaf_private_der": in.Service.LeafPrivate,
			"session_private_der": in.Service.SessionKey.PrivateDER,
		}
	}
	return side
}

// server are the inputs of the relay's side. serviceID may be nil: no service is accepted.
func (in *handshakeInputs) server(clientHello vectors.Hex, serviceID *vectors.Hex) fields {
	side := fields{
		"alpn": in.ALPN, "server_versions": in.ServerRange, "session_id": in.SessionID, "chain": in.Chain,
		"leaf_private_der": in.LeafPrivate, "server_private_der": in.ServerKey.PrivateDER,
		"client_hello": clientHello, "client_chain": []vectors.Hex{}, "service_id": serviceID,
	}
	if in.Service != nil && in.Service.PresentedTLS {
		side["client_chain"] = in.Service.Chain
	}
	return side
}

// complete plans a handshake in which both sides succeed.
func (c *calls) complete(in *handshakeInputs, out handshakeOutput, t *vectors.Test) {
	if out.ClientHello == nil || t.ClientResult.OK == nil || t.ServerResult.OK == nil {
		c.err = ErrNoPlan
		return
	}
	var serviceID, fingerprint *vectors.Hex
	if r := out.ServerResponse; r != nil && len(*r) >= 2 {
		id := (*r)[2:] // after the tag and the length, which the relay's side has to give again
		serviceID, fingerprint = &id, &in.Service.Hash
	}
	client := in.client(out.ServerHello, out.ServerResponse)
	client["client_hello"], client["client_result"], client["service_id"] = out.ClientHello, t.ClientResult.OK, serviceID
	c.expect("client_handshake", client)
	server := in.server(*out.ClientHello, serviceID)
	server["server_hello"], server["server_response"], server["server_result"] = out.ServerHello, out.ServerResponse, t.ServerResult.OK
	server["service_fingerprint"] = fingerprint
	if fingerprint != nil {
		server["service_role"], server["service_public_der"] = in.Service.Role, in.Service.SessionKey.PublicDER
	}
	c.expect("server_handshake", server)
}

// failed plans a handshake that one side gives up.
func (c *calls) failed(in *handshakeInputs, out handshakeOutput, t *vectors.Test) {
	hello := fields{
		"offered": in.ServerRange, "session_id": in.SessionID, "chain": in.Chain, "leaf_private_der": in.LeafPrivate,
		"session_private_der": in.ServerKey.PrivateDER, "server_hello": out.ServerHello,
	}
	if !in.ALPN {
		hello["offered"] = [2]uint16{firstVersion, firstVersion}
	}
	if !in.ALPN || in.ServerRange[1] == firstVersion {
		hello["chain"], hello["leaf_private_der"], hello["session_private_der"] = nil, nil, nil
	}
	c.expect("server_hello", hello)
	client := in.client(out.ServerHello, out.ServerResponse)
	if t.ClientResult.OK == nil {
		c.refuse("client_handshake", handshakeErrors["client"][t.ClientResult.Error], client)
	} else {
		client["client_hello"], client["client_result"] = out.ClientHello, t.ClientResult.OK
		c.expect("client_handshake", client)
	}
	if out.ClientHello != nil && t.ServerResult.OK == nil {
		c.refuse("server_handshake", handshakeErrors["server"][t.ServerResult.Error], in.server(*out.ClientHello, nil))
	}
}

// firstVersion is the version of relays without session keys, and of connections without
// ALPN.
const firstVersion = 6

// received plans what one side makes of a message that was changed on its way.
func (c *calls) received(in *handshakeInputs, result vectors.HandshakeResult) {
	operation, side := "server_handshake", fields(nil)
	switch {
	case in.Receiver == "server":
		side = in.server(*in.Received, nil)
	case in.Receiver == "client" && in.Service != nil: // the third message was changed
		operation, side = "handshake", in.client(nil, in.Received)
		maps.Copy(side, in.server(nil, nil))
		for _, message := range []string{"server_hello", "client_hello", "client_chain", "service_id", "leaf"} {
			delete(side, message)
		}
	case in.Receiver == "client":
		operation, side = "client_handshake", in.client(*in.Received, nil)
	default:
		c.err = ErrNoPlan
		return
	}
	if result.OK == nil {
		c.refuse(operation, handshakeErrors[in.Receiver][result.Error], side)
		return
	}
	side[in.Receiver+"_result"] = result.OK
	c.expect(operation, side)
}
