package smp_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

func TestCommandVectors(t *testing.T) {
	runVectors(t, "commands", map[string]func(*testing.T, *vectors.Test){
		"parse":       parseCommand,
		"mutated":     parseCommand,
		"credentials": checkCredentials,
	}, encodeCommand)
}

type linkDataInputs struct {
	Fixed vectors.Hex `json:"enc_fixed_data"`
	User  vectors.Hex `json:"enc_user_data"`
}

func (in linkDataInputs) data() smp.LinkData { return smp.LinkData{Fixed: in.Fixed, User: in.User} }

type commandInputs struct {
	Command   string      `json:"command"`
	Versions  []uint16    `json:"versions"`
	BasicAuth vectors.Hex `json:"basic_auth"`
	NtfCreds  *struct {
		AuthKey vectors.Hex `json:"auth_key"`
		DHKey   vectors.Hex `json:"dh_key"`
	} `json:"ntf_creds"`
	Request *struct {
		Mode     string          `json:"mode"`
		LinkID   vectors.Hex     `json:"link_id"`
		SenderID vectors.Hex     `json:"sender_id"`
		LinkData *linkDataInputs `json:"link_data"`
	} `json:"queue_req_data"`
	RcvAuthKey   vectors.Hex     `json:"rcv_auth_key"`
	RcvDHKey     vectors.Hex     `json:"rcv_dh_key"`
	Subscribe    bool            `json:"subscribe"`
	Key          vectors.Hex     `json:"key"`
	DHKey        vectors.Hex     `json:"dh_key"`
	Keys         []vectors.Hex   `json:"keys"`
	LinkData     *linkDataInputs `json:"link_data"`
	LinkID       vectors.Hex     `json:"link_id"`
	MsgID        vectors.Hex     `json:"msg_id"`
	Body         vectors.Hex     `json:"body"`
	Notification bool            `json:"notification"`
	Server       string          `json:"server"`
	Transmission vectors.Hex     `json:"enc_transmission"`
	Forward      vectors.Hex     `json:"enc_fwd_transmission"`
	Version      uint16          `json:"version"`
}

func (in commandInputs) command(t *testing.T) smp.Command {
	t.Helper()
	switch in.Command {
	case "NEW":
		return in.create(t)
	case "SUB":
		return smp.SUB{}
	case "SUBS":
		return smp.SUBS{}
	case "NSUBS":
		return smp.NSUBS{}
	case "NSUB":
		return smp.NSUB{}
	case "KEY":
		return smp.KEY{SenderKey: public(t, in.Key)}
	case "SKEY":
		return smp.SKEY{SenderKey: public(t, in.Key)}
	case "LKEY":
		return smp.LKEY{SenderKey: public(t, in.Key)}
	case "RKEY":
		var list []keys.PublicKey
		for _, k := range in.Keys {
			list = append(list, public(t, k))
		}
		return smp.RKEY{Keys: list}
	case "NKEY":
		return smp.NKEY{NotifierKeys: smp.NotifierKeys{AuthKey: public(t, in.Key), DHKey: public(t, in.DHKey)}}
	case "NDEL":
		return smp.NDEL{}
	case "LSET":
		return smp.LSET{LinkID: in.LinkID, Data: in.LinkData.data()}
	case "LDEL":
		return smp.LDEL{}
	case "LGET":
		return smp.LGET{}
	case "GET":
		return smp.GET{}
	case "ACK":
		return smp.ACK{MsgID: in.MsgID}
	case "OFF":
		return smp.OFF{}
	case "DEL":
		return smp.DEL{}
	case "QUE":
		return smp.QUE{}
	case "SEND":
		return smp.SEND{Notify: in.Notification, Body: in.Body}
	case "PING":
		return smp.PING{}
	case "PRXY":
		return smp.PRXY{Server: server(t, in.Server), Password: smp.Password(in.BasicAuth)}
	case "PFWD":
		return smp.PFWD{Version: in.Version, Key: public(t, in.Key), Body: in.Transmission}
	case "RFWD":
		return smp.RFWD{Body: in.Forward}
	}
	require.FailNowf(t, "no such command", "%q", in.Command)
	return nil
}

func (in commandInputs) create(t *testing.T) smp.NEW {
	c := smp.NEW{AuthKey: public(t, in.RcvAuthKey), DHKey: public(t, in.RcvDHKey),
		Password: smp.Password(in.BasicAuth), Subscribe: in.Subscribe}
	if q := in.Request; q != nil {
		modes := map[string]smp.QueueMode{"messaging": smp.Messaging, "contact": smp.Contact}
		require.Contains(t, modes, q.Mode)
		c.Request = &smp.QueueRequest{Mode: modes[q.Mode]}
		if q.LinkData != nil {
			c.Request.Link = &smp.QueueLink{LinkID: q.LinkID, SenderID: q.SenderID, Data: q.LinkData.data()}
		}
	}
	if in.NtfCreds != nil {
		c.Notifier = &smp.NotifierKeys{AuthKey: public(t, in.NtfCreds.AuthKey), DHKey: public(t, in.NtfCreds.DHKey)}
	}
	return c
}

// server splits a relay address whose host names hold no colon.
func server(t *testing.T, text string) smp.Server {
	t.Helper()
	rest, ok := strings.CutPrefix(text, "smp://")
	require.True(t, ok)
	hash, location, ok := strings.Cut(rest, "@")
	require.True(t, ok)
	keyHash, err := base64.URLEncoding.DecodeString(hash)
	require.NoError(t, err)
	hosts, port, _ := strings.Cut(location, ":")
	return smp.Server{Hosts: strings.Split(hosts, ","), Port: port, KeyHash: keyHash}
}

func encodeCommand(t *testing.T, v *vectors.Test) {
	var in commandInputs
	var want vectors.Hex
	decode(t, v.Inputs, &in)
	decode(t, v.Output, &want)
	c := in.command(t)
	for _, version := range in.Versions {
		got, err := smp.EncodeCommand(version, c)
		require.NoErrorf(t, err, "version %d", version)
		require.Equalf(t, []byte(want), got, "version %d", version)
	}
	for version := range versions {
		expected, ok := v.DecodeAtVersion[version]
		require.Truef(t, ok, "no expectation at version %d", version)
		decoded, err := smp.DecodeCommand(version, want)
		if expected.Result != "ok" {
			require.Errorf(t, err, "version %d", version)
			require.Equalf(t, expected.Error, answer(err), "version %d", version)
			continue
		}
		require.NoErrorf(t, err, "version %d", version)
		again, err := smp.EncodeCommand(version, decoded)
		require.NoErrorf(t, err, "version %d", version)
		require.Equalf(t, []byte(reencoded(expected, want)), again, "version %d", version)
	}
}

// reencoded is what encoding a decoded value gives.
func reencoded(d vectors.Decoded, original vectors.Hex) vectors.Hex {
	if d.Reencoded != nil {
		return d.Reencoded
	}
	return original
}

func parseCommand(t *testing.T, v *vectors.Test) {
	var in struct {
		Group    string      `json:"group"`
		Bytes    vectors.Hex `json:"command_bytes"`
		Original vectors.Hex `json:"original"`
		Version  uint16      `json:"version"`
	}
	decode(t, v.Inputs, &in)
	c, err := smp.DecodeCommand(in.Version, in.Bytes)
	if v.Invalid() {
		require.Error(t, err)
		require.Equal(t, v.Error, answer(err))
		return
	}
	require.NoError(t, err)
	var want vectors.Hex
	decode(t, v.Output, &want)
	again, err := smp.EncodeCommand(in.Version, c)
	require.NoError(t, err)
	require.Equal(t, []byte(want), again)
}

func checkCredentials(t *testing.T, v *vectors.Test) {
	var in struct {
		Group     string `json:"group"`
		Command   string `json:"command"`
		HasAuth   bool   `json:"has_authorization"`
		HasEntity bool   `json:"has_entity_id"`
	}
	decode(t, v.Inputs, &in)
	c := bareCommands[in.Command]
	require.NotNil(t, c, in.Command)
	got := smp.CheckCredentials(c, in.HasAuth, in.HasEntity)
	if v.Invalid() {
		require.Equal(t, v.Error, got.Error())
		return
	}
	require.Nil(t, got)
}

// bareCommands are commands by tag, without content.
var bareCommands = byTag[smp.Command](smp.NEW{}, smp.SUB{}, smp.SUBS{}, smp.KEY{}, smp.RKEY{}, smp.LSET{}, smp.LDEL{},
	smp.NKEY{}, smp.NDEL{}, smp.GET{}, smp.ACK{}, smp.OFF{}, smp.DEL{}, smp.QUE{}, smp.SKEY{}, smp.SEND{}, smp.PING{},
	smp.LKEY{}, smp.LGET{}, smp.PRXY{}, smp.PFWD{}, smp.RFWD{}, smp.NSUB{}, smp.NSUBS{}, smp.RSLV{})

func byTag[T interface{ Tag() string }](list ...T) map[string]T {
	m := make(map[string]T)
	for _, c := range list {
		m[c.Tag()] = c
	}
	return m
}
