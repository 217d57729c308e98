package box_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// Lengths to which the layers are padded, in bytes.
const (
	receivedLen = 16106 // message body towards the recipient
	metaLen     = 128   // metadata of a notification
	proxiedLen  = 16226 // transmission within a proxied command
)

func TestOracleReceivedMessages(t *testing.T) {
	t.Parallel()
	ran := map[string]int{}
	for _, test := range tests(t, "message_layers", "rcv", 20) {
		var in struct {
			RecipientDH  vectors.Key `json:"recipient_dh"`
			ServerDH     vectors.Key `json:"server_dh"`
			DHSecret     vectors.Hex `json:"dh_secret"`
			MsgID        vectors.Hex `json:"msg_id"`
			Encrypted    vectors.Hex
			Body         vectors.Hex
			Plain        vectors.Hex
			Notification bool
			TS           int64
			Len          int
		}
		decode(t, test, &in, nil)
		var out struct{ Encrypted, Plain vectors.Hex }
		switch what := strings.Split(test.ID, "/")[1]; what {
		case "message", "quota":
			decode(t, test, nil, &out)
			plain := written(t, func(w *wire.Writer) {
				if what == "quota" {
					w.String("QUOTA ")
					w.Int64(in.TS)
					return
				}
				w.Int64(in.TS)
				w.Bool(in.Notification)
				w.Byte(' ')
				w.Raw(in.Body)
			})
			require.Equal(t, []byte(out.Plain), plain, test.ID)
			key := agree(t, in.RecipientDH, in.ServerDH, in.DHSecret, test.ID)
			nonce := nonceOf(t, in.MsgID, test.ID)
			requireSealed(t, out.Encrypted, plain, receivedLen, nonce, key, test.ID)
			ran[what]++
		case "decrypt":
			require.True(t, test.Invalid(), test.ID)
			key := agree(t, in.RecipientDH, in.ServerDH, in.DHSecret, test.ID)
			_, err := box.OpenPadded(in.Encrypted, nonceOf(t, in.MsgID, test.ID), key)
			require.ErrorIs(t, err, box.ErrOpen, test.ID)
			ran[what]++
		case "nonce of short id":
			// The source fills up with zeros; relays make ids of 24 bytes, and
			// this package takes no other.
			var nonce vectors.Hex
			decode(t, test, nil, &nonce)
			_, err := box.NonceFrom(in.MsgID)
			require.ErrorIs(t, err, box.ErrNonceSize, test.ID)
			filled := append([]byte(in.MsgID), make([]byte, box.NonceSize-len(in.MsgID))...)
			require.Equal(t, []byte(nonce), nonceOf(t, filled, test.ID)[:], test.ID)
			ran[what]++
		default: // forms and limits of messages, which package smp knows
			ran["other package"]++
		}
	}
	requireAtLeast(t, map[string]int{
		"message": 6, "quota": 1, "decrypt": 4, "nonce of short id": 1, "other package": 8,
	}, ran)
}

func TestOracleNotificationMetadata(t *testing.T) {
	t.Parallel()
	ran := map[bool]int{}
	for _, test := range tests(t, "message_layers", "nmsg", 4) {
		parsed := strings.HasPrefix(test.ID, "nmsg/parse/") // package smp
		ran[parsed]++
		if parsed {
			continue
		}
		var in struct {
			RecipientNtfDH vectors.Key `json:"recipient_ntf_dh"`
			ServerNtfDH    vectors.Key `json:"server_ntf_dh"`
			DHSecret       vectors.Hex `json:"dh_secret"`
			MsgID          vectors.Hex `json:"msg_id"`
			Nonce          vectors.Hex
			TS             int64
		}
		var out struct{ Encrypted, Plain vectors.Hex }
		decode(t, test, &in, &out)
		plain := written(t, func(w *wire.Writer) {
			w.Short(in.MsgID)
			w.Int64(in.TS)
		})
		require.Equal(t, []byte(out.Plain), plain, test.ID)
		key := agree(t, in.RecipientNtfDH, in.ServerNtfDH, in.DHSecret, test.ID)
		requireSealed(t, out.Encrypted, plain, metaLen, nonceOf(t, in.Nonce, test.ID), key, test.ID)
	}
	requireAtLeast(t, map[bool]int{false: 1, true: 3}, ran)
}

func TestOracleQueueEnvelopes(t *testing.T) {
	t.Parallel()
	ran := map[bool]int{}
	for _, test := range tests(t, "message_layers", "queue_e2e", 28) {
		parsed := strings.HasPrefix(test.ID, "queue_e2e/parse/") ||
			strings.HasPrefix(test.ID, "queue_e2e/envelope parse/") // the agent's
		ran[parsed]++
		if parsed {
			continue
		}
		var in struct {
			Body           vectors.Hex
			ClientVersion  uint16      `json:"client_version"`
			DHSecret       vectors.Hex `json:"dh_secret"`
			E2EKeyInHeader bool        `json:"e2e_key_in_header"`
			Nonce          vectors.Hex
			PaddedLen      int         `json:"padded_len"`
			RecipientE2E   vectors.Key `json:"recipient_e2e"`
			SenderAuthKey  vectors.Hex `json:"sender_auth_key"`
			SenderE2E      vectors.Key `json:"sender_e2e"`
		}
		var out struct {
			ClientMessage  vectors.Hex `json:"client_message"`
			Envelope       vectors.Hex
			EnvelopeLen    int         `json:"envelope_len"`
			EnvelopeSHA256 vectors.Hex `json:"envelope_sha256"`
		}
		decode(t, test, &in, &out)
		message := written(t, func(w *wire.Writer) {
			if in.SenderAuthKey == nil {
				w.Byte('_')
			} else {
				w.Byte('K')
				w.Short(in.SenderAuthKey)
			}
			w.Raw(in.Body)
		})
		require.Equal(t, []byte(out.ClientMessage), message, test.ID)
		header := written(t, func(w *wire.Writer) {
			w.Uint16(in.ClientVersion)
			w.Maybe(in.E2EKeyInHeader)
			if in.E2EKeyInHeader {
				w.Short(in.SenderE2E.PublicDER)
			}
			w.Raw(in.Nonce)
		})
		require.Len(t, out.Envelope, out.EnvelopeLen, test.ID)
		requireSHA256(t, out.EnvelopeSHA256, out.Envelope, test.ID)
		require.Equal(t, header, []byte(out.Envelope[:len(header)]), test.ID)
		key := agree(t, in.SenderE2E, in.RecipientE2E, in.DHSecret, test.ID)
		requireSealed(t, out.Envelope[len(header):], message, in.PaddedLen, nonceOf(t, in.Nonce, test.ID), key, test.ID)
	}
	requireAtLeast(t, map[bool]int{false: 21, true: 7}, ran)
}

func requireSHA256(t *testing.T, want, content []byte, id string) {
	t.Helper()
	got := sha256.Sum256(content)
	require.Equal(t, want, got[:], id)
}

type proxyInputs struct {
	ClientCommandKey    vectors.Key  `json:"client_command_key"`
	ClientCorrelationID vectors.Hex  `json:"client_correlation_id"`
	Command             vectors.Hex  `json:"command"`
	CommandSecret       vectors.Hex  `json:"command_secret"`
	EntityID            vectors.Hex  `json:"entity_id"`
	ProxyCorrelationID  vectors.Hex  `json:"proxy_correlation_id"`
	ProxySessionKey     vectors.Key  `json:"proxy_session_key"`
	RelaySessionID      vectors.Hex  `json:"relay_session_id"`
	RelaySessionKey     vectors.Key  `json:"relay_session_key"`
	Response            vectors.Hex  `json:"response"`
	SenderAuthKey       *vectors.Key `json:"sender_auth_key"`
	SessionSecret       vectors.Hex  `json:"session_secret"`
	Version             uint16       `json:"version"`
}

type proxyOutput struct {
	Batch                 vectors.Hex `json:"batch"`
	EncResponse           vectors.Hex `json:"enc_response"`
	EncTransmission       vectors.Hex `json:"enc_transmission"`
	FwdTransmissionSHA256 vectors.Hex `json:"fwd_transmission_sha256"`
	PFWDCommandSHA256     vectors.Hex `json:"pfwd_command_sha256"`
	PRESSHA256            vectors.Hex `json:"pres_sha256"`
	ResponseBatch         vectors.Hex `json:"response_batch"`
	ResponseNonceClient   vectors.Hex `json:"response_nonce_client"`
	ResponseNonceProxy    vectors.Hex `json:"response_nonce_proxy"`
	RFWDCommand           vectors.Hex `json:"rfwd_command"`
	RFWDCommandSHA256     vectors.Hex `json:"rfwd_command_sha256"`
	RRES                  vectors.Hex `json:"rres"`
	RRESSHA256            vectors.Hex `json:"rres_sha256"`
	SignedPart            vectors.Hex `json:"signed_part"`
}

func TestOracleProxyLayers(t *testing.T) {
	t.Parallel()
	for _, test := range tests(t, "message_layers", "proxy", 15) {
		var in proxyInputs
		var out proxyOutput
		decode(t, test, &in, &out)
		clientKey := agree(t, in.ClientCommandKey, in.RelaySessionKey, in.CommandSecret, test.ID)
		proxyKey := agree(t, in.ProxySessionKey, in.RelaySessionKey, in.SessionSecret, test.ID)
		requireProxiedCommand(t, in, out, clientKey, proxyKey, test.ID)
		requireProxiedResponse(t, in, out, clientKey, proxyKey, test.ID)
	}
}

// requireProxiedCommand follows a command from the client to the relay.
func requireProxiedCommand(t *testing.T, in proxyInputs, out proxyOutput, clientKey, proxyKey *box.Key, id string) {
	t.Helper()
	clientNonce := nonceOf(t, in.ClientCorrelationID, id)
	sent := written(t, func(w *wire.Writer) {
		w.Short(in.ClientCorrelationID)
		w.Short(in.EntityID)
		w.Raw(in.Command)
	})
	signed := written(t, func(w *wire.Writer) {
		w.Short(in.RelaySessionID)
		w.Raw(sent)
	})
	require.Equal(t, []byte(out.SignedPart), signed, id)

	var authorization []byte
	if in.SenderAuthKey != nil {
		key := sharedKey(t, *in.SenderAuthKey, in.RelaySessionKey, id)
		auth := box.Authenticator(signed, clientNonce, key)
		authorization = auth[:]
	}
	transmission := written(t, func(w *wire.Writer) {
		w.Short(authorization)
		if authorization != nil && in.Version >= 16 {
			w.Maybe(false)
		}
		w.Raw(sent)
	})
	batch := written(t, func(w *wire.Writer) {
		w.Count(1)
		w.Large(transmission)
	})
	require.Equal(t, []byte(out.Batch), batch, id)
	requireSealed(t, out.EncTransmission, batch, proxiedLen, clientNonce, clientKey, id)

	requireSHA256(t, out.PFWDCommandSHA256, written(t, func(w *wire.Writer) {
		w.String("PFWD ")
		w.Uint16(in.Version)
		w.Short(in.ClientCommandKey.PublicDER)
		w.Raw(out.EncTransmission)
	}), id)
	forwarded := written(t, func(w *wire.Writer) {
		w.Short(in.ClientCorrelationID)
		w.Uint16(in.Version)
		w.Short(in.ClientCommandKey.PublicDER)
		w.Raw(out.EncTransmission)
	})
	requireSHA256(t, out.FwdTransmissionSHA256, forwarded, id)
	requireProxyLayer(t, "RFWD ", forwarded, out.RFWDCommand, out.RFWDCommandSHA256,
		nonceOf(t, in.ProxyCorrelationID, id), proxyKey, id)
}

// requireProxiedResponse follows the response back.
func requireProxiedResponse(t *testing.T, in proxyInputs, out proxyOutput, clientKey, proxyKey *box.Key, id string) {
	t.Helper()
	clientNonce := nonceOf(t, in.ClientCorrelationID, id).Reverse()
	proxyNonce := nonceOf(t, in.ProxyCorrelationID, id).Reverse()
	require.Equal(t, box.Nonce(out.ResponseNonceClient), clientNonce, id)
	require.Equal(t, box.Nonce(out.ResponseNonceProxy), proxyNonce, id)

	transmission := written(t, func(w *wire.Writer) {
		w.Short(nil)
		w.Short(in.ClientCorrelationID)
		w.Short(in.EntityID)
		w.Raw(in.Response)
	})
	batch := written(t, func(w *wire.Writer) {
		w.Count(1)
		w.Large(transmission)
	})
	require.Equal(t, []byte(out.ResponseBatch), batch, id)
	requireSealed(t, out.EncResponse, batch, proxiedLen, &clientNonce, clientKey, id)

	forwarded := written(t, func(w *wire.Writer) {
		w.Short(in.ClientCorrelationID)
		w.Raw(out.EncResponse)
	})
	requireProxyLayer(t, "RRES ", forwarded, out.RRES, out.RRESSHA256, &proxyNonce, proxyKey, id)
	requireSHA256(t, out.PRESSHA256, append([]byte("PRES "), out.EncResponse...), id)
}

// requireProxyLayer checks the layer between proxy and relay, which has no
// padding of its own. Below version 17 only the digest is given.
func requireProxyLayer(t *testing.T, tag string, content, whole, digest []byte, nonce *box.Nonce, key *box.Key, id string) {
	t.Helper()
	got := box.Seal([]byte(tag), content, nonce, key)
	requireSHA256(t, digest, got, id)
	if whole == nil {
		whole = got
	}
	require.Equal(t, whole, got, id)
	opened, err := box.Open(nil, whole[len(tag):], nonce, key)
	require.NoError(t, err, id)
	require.Equal(t, content, opened, id)
}
