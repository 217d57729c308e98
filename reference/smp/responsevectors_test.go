package smp_test

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

func TestResponseVectors(t *testing.T) {
	runVectors(t, "responses", map[string]func(*testing.T, *vectors.Test){
		"parse":   parseResponse,
		"mutated": parseResponse,
		"entity":  checkEntity,
	}, encodeResponse)
}

type responseInputs struct {
	Response   string      `json:"response"`
	Versions   []uint16    `json:"versions"`
	LinkID     vectors.Hex `json:"link_id"`
	QueueMode  *string     `json:"queue_mode"`
	RcvID      vectors.Hex `json:"rcv_id"`
	SndID      vectors.Hex `json:"snd_id"`
	SrvDHKey   vectors.Hex `json:"srv_dh_key"`
	ServiceID  vectors.Hex `json:"service_id"`
	ServerCred *struct {
		DHKey      vectors.Hex `json:"dh_key"`
		NotifierID vectors.Hex `json:"notifier_id"`
	} `json:"server_ntf_creds"`
	Count        int64           `json:"count"`
	Body         vectors.Hex     `json:"body"`
	MsgID        vectors.Hex     `json:"msg_id"`
	NotifierID   vectors.Hex     `json:"notifier_id"`
	EncMeta      vectors.Hex     `json:"enc_meta"`
	Nonce        vectors.Hex     `json:"nonce"`
	CertChainKey vectors.Hex     `json:"cert_chain_key"`
	SessionID    vectors.Hex     `json:"session_id"`
	VersionRange string          `json:"version_range"`
	Forward      vectors.Hex     `json:"enc_fwd_response"`
	Forwarded    vectors.Hex     `json:"enc_response"`
	LinkData     *linkDataInputs `json:"link_data"`
	SenderID     vectors.Hex     `json:"sender_id"`
	Info         json.RawMessage `json:"info_json"`
	Error        string          `json:"error"`
}

func (in responseInputs) response(t *testing.T) smp.Response {
	t.Helper()
	switch in.Response {
	case "IDS":
		return in.ids(t)
	case "LNK":
		sender := in.SenderID
		if sender == nil {
			sender = in.SndID
		}
		return smp.LNK{SenderID: sender, Data: in.LinkData.data()}
	case "SOK":
		return smp.SOK{ServiceID: in.ServiceID}
	case "SOKS":
		return smp.SOKS{ServiceQueues: smp.ServiceQueues{Count: in.Count}}
	case "ENDS":
		return smp.ENDS{ServiceQueues: smp.ServiceQueues{Count: in.Count}}
	case "MSG":
		return smp.MSG{ID: in.MsgID, Body: in.Body}
	case "NID":
		return smp.NID{NotifierCredentials: smp.NotifierCredentials{NotifierID: in.NotifierID, ServerDHKey: public(t, in.SrvDHKey)}}
	case "NMSG":
		return smp.NMSG{Nonce: nonce(t, in.Nonce), Meta: in.EncMeta}
	case "PKEY":
		return in.pkey(t)
	case "RRES":
		return smp.RRES{Body: in.Forward}
	case "PRES":
		return smp.PRES{Body: in.Forwarded}
	case "INFO":
		r, err := smp.DecodeResponse(smp.MinVersion, append([]byte("INFO "), in.Info...))
		require.NoError(t, err)
		return r
	case "ERR":
		return smp.ERR{Err: namedError(t, in.Error)}
	}
	r, ok := bareResponses[in.Response]
	require.True(t, ok, in.Response)
	return r
}

func (in responseInputs) ids(t *testing.T) smp.IDS {
	c := smp.IDS{RecipientID: in.RcvID, SenderID: in.SndID, ServerDHKey: public(t, in.SrvDHKey),
		LinkID: in.LinkID, ServiceID: in.ServiceID}
	if in.QueueMode != nil {
		modes := map[string]smp.QueueMode{"M": smp.Messaging, "C": smp.Contact, "messaging": smp.Messaging, "contact": smp.Contact}
		require.Contains(t, modes, *in.QueueMode)
		c.Mode = modes[*in.QueueMode]
	}
	if in.ServerCred != nil {
		c.Notifier = &smp.NotifierCredentials{NotifierID: in.ServerCred.NotifierID, ServerDHKey: public(t, in.ServerCred.DHKey)}
	}
	return c
}

func (in responseInputs) pkey(t *testing.T) smp.PKEY {
	low, high, _ := strings.Cut(in.VersionRange, "-")
	minimum, err := strconv.ParseUint(low, 10, 16)
	require.NoError(t, err)
	maximum, err := strconv.ParseUint(high, 10, 16)
	require.NoError(t, err)
	r := wire.NewReader(in.CertChainKey)
	c := smp.PKEY{SessionID: in.SessionID, Versions: wire.Versions(uint16(minimum), uint16(maximum))}
	for range r.Byte() {
		c.Chain = append(c.Chain, r.Large())
	}
	c.SignedKey = r.Large()
	require.NoError(t, r.Close())
	return c
}

var (
	transportNames = map[string]smp.TransportError{"TEBadBlock": smp.TransportBlock, "TEVersion": smp.TransportVersion,
		"TELargeMsg": smp.TransportLargeMsg, "TEBadSession": smp.TransportSession, "TENoServerAuth": smp.TransportNoAuth}
	networkNames = map[string]smp.NetworkCode{"NEConnectError": smp.NetworkConnect, "NETLSError": smp.NetworkTLS,
		"NEUnknownCAError": smp.NetworkUnknownCA, "NEFailedError": smp.NetworkFailed,
		"NETimeoutError": smp.NetworkTimeout, "NESubscribeError": smp.NetworkSubscribe}
	// constructor matches a value as the official code prints it: a name and
	// perhaps one field.
	constructor = regexp.MustCompile(`^(\w+)(?: \{\w+ = "?(.*?)"?\})?$`)
)

// namedError makes the error that a vector describes by words.
func namedError(t *testing.T, name string) *smp.Error {
	t.Helper()
	first, rest, _ := strings.Cut(name, " ")
	switch smp.ErrorCode(first) {
	case smp.CodeCmd:
		return &smp.Error{Code: smp.CodeCmd, Cmd: smp.CmdCode(rest)}
	case smp.CodeProxy:
		return namedProxyError(t, rest)
	case smp.CodeStore:
		texts := map[string]string{"text": "some error", "empty": ""}
		require.Contains(t, texts, rest)
		return smp.StoreError(texts[rest])
	case smp.CodeBlocked:
		reason, notice, _ := strings.Cut(rest, " ")
		ttl := int64(86400)
		notices := map[string]*smp.ClientNotice{"": nil, "notice no ttl": {}, "notice ttl": {TTL: &ttl}}
		require.Contains(t, notices, notice)
		if reason == "" {
			reason = "spam"
		}
		return smp.BlockedError(smp.BlockingReason(reason), notices[notice])
	}
	return &smp.Error{Code: smp.ErrorCode(first)}
}

func namedProxyError(t *testing.T, name string) *smp.Error {
	code, rest, _ := strings.Cut(name, " ")
	switch smp.ProxyCode(code) {
	case smp.ProxyProtocol:
		return smp.ProxyProtocolError(namedError(t, rest))
	case smp.ProxyBroker:
	default:
		return &smp.Error{Code: smp.CodeProxy, Proxy: &smp.ProxyError{Code: smp.ProxyCode(code)}}
	}
	broker, detail, _ := strings.Cut(rest, " ")
	b := smp.BrokerError{Code: smp.BrokerCode(broker)}
	parts := constructor.FindStringSubmatch(detail)
	switch b.Code {
	case smp.BrokerResponse:
		b.Text = "bad response"
	case smp.BrokerUnexpected:
		b.Text = "OK"
	case smp.BrokerNetwork:
		require.Contains(t, networkNames, parts[1])
		b.Network = smp.NetworkError{Code: networkNames[parts[1]], Text: parts[2]}
	case smp.BrokerTransport:
		if parts[1] == "TEHandshake" {
			b.Transport = smp.TransportError("HANDSHAKE " + parts[2])
		} else {
			b.Transport = transportNames[parts[1]]
		}
	}
	return smp.ProxyBrokerError(b)
}

func encodeResponse(t *testing.T, v *vectors.Test) {
	var in responseInputs
	var want vectors.Hex
	decode(t, v.Inputs, &in)
	decode(t, v.Output, &want)
	c := in.response(t)
	for _, version := range in.Versions {
		got, err := smp.EncodeResponse(version, c)
		require.NoErrorf(t, err, "version %d", version)
		require.Equalf(t, string(want), string(got), "version %d", version)
	}
	if v.Decode != nil {
		decodeError(t, v, in.Versions, c, want)
		return
	}
	for version := range versions {
		expected, ok := v.DecodeAtVersion[version]
		require.Truef(t, ok, "no expectation at version %d", version)
		decoded, err := smp.DecodeResponse(version, want)
		if expected.Result != "ok" {
			require.Errorf(t, err, "version %d", version)
			require.Equalf(t, expected.Error, answer(err), "version %d", version)
			continue
		}
		require.NoErrorf(t, err, "version %d", version)
		again, err := smp.EncodeResponse(version, decoded)
		require.NoErrorf(t, err, "version %d", version)
		require.Equalf(t, string(reencoded(expected, want)), string(again), "version %d", version)
	}
}

// decodeError checks what becomes of an encoded error.
func decodeError(t *testing.T, v *vectors.Test, at []uint16, original smp.Response, encoded vectors.Hex) {
	t.Helper()
	require.Equal(t, "ok", v.Decode.Result)
	for _, version := range at {
		decoded, err := smp.DecodeResponse(version, encoded)
		require.NoErrorf(t, err, "version %d", version)
		equal := decoded.(smp.ERR).Err.Equal(original.(smp.ERR).Err)
		require.Equalf(t, v.Decode.DecodedEqual, equal, "version %d: %v and %v", version, original, decoded)
		again, err := smp.EncodeResponse(version, decoded)
		require.NoErrorf(t, err, "version %d", version)
		require.Equalf(t, string(v.Decode.Reencoded), string(again), "version %d", version)
	}
}

func parseResponse(t *testing.T, v *vectors.Test) {
	var in struct {
		Group    string      `json:"group"`
		Bytes    vectors.Hex `json:"response_bytes"`
		Original vectors.Hex `json:"original"`
		Version  uint16      `json:"version"`
	}
	decode(t, v.Inputs, &in)
	c, err := smp.DecodeResponse(in.Version, in.Bytes)
	if v.Invalid() {
		require.Error(t, err)
		require.Equal(t, v.Error, answer(err))
		return
	}
	require.NoError(t, err)
	var want vectors.Hex
	decode(t, v.Output, &want)
	again, err := smp.EncodeResponse(in.Version, c)
	require.NoError(t, err)
	require.Equal(t, string(want), string(again))
}

func checkEntity(t *testing.T, v *vectors.Test) {
	var in struct {
		Group     string `json:"group"`
		Response  string `json:"response"`
		HasEntity bool   `json:"has_entity_id"`
	}
	decode(t, v.Inputs, &in)
	c := bareResponses[in.Response]
	require.NotNil(t, c, in.Response)
	got := smp.CheckEntity(c, in.HasEntity)
	if v.Invalid() {
		require.Equal(t, v.Error, got.Error())
		return
	}
	require.Nil(t, got)
}

// bareResponses are responses by tag, without content.
var bareResponses = byTag[smp.Response](smp.IDS{}, smp.LNK{}, smp.SOK{}, smp.SOKS{}, smp.ALLS{}, smp.MSG{}, smp.NID{},
	smp.NMSG{}, smp.PKEY{}, smp.RRES{}, smp.PRES{}, smp.END{}, smp.ENDS{}, smp.DELD{}, smp.INFO{}, smp.OK{}, smp.ERR{},
	smp.PONG{}, smp.RNAME{})
