package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cloudflare/circl/dh/x448"
)

// X448 keys in DER are these bytes and the raw key.
var (
	privatePrefix, _ = hex.DecodeString("3046020100300506032b656f043a0438")
	publicPrefix, _  = hex.DecodeString("3042300506032b656f033900")
)

// storedState is a ratchet in the form in which the official client stores it: bytes
// in base64url, KEM keys as pairs.
type storedState struct {
	AD          base64url  `json:"rcAD"`
	Versions    [2]int     `json:"rcVersion"` // current, highest
	DHSelf      nestedText `json:"rcDHRs"`
	SupportKEM  bool       `json:"rcSupportKEM"`
	EnableKEM   bool       `json:"rcEnableKEM"`
	SndKEM      bool       `json:"rcSndKEM"`
	RcvKEM      bool       `json:"rcRcvKEM"`
	RootKey     base64url  `json:"rcRK"`
	NextHeaderS base64url  `json:"rcNHKs"`
	NextHeaderR base64url  `json:"rcNHKr"`
	NS          int        `json:"rcNs"`
	NR          int        `json:"rcNr"`
	PN          int        `json:"rcPN"`
	KEM         *struct {
		Self     [2]base64url `json:"rcPQRs"` // public, secret
		Accepted *struct {
			Received   base64url `json:"rcPQRr"`
			Shared     base64url `json:"rcPQRss"`
			Ciphertext base64url `json:"rcPQRct"`
		} `json:"rcKEMs"`
	} `json:"rcKEM"`
	Snd *struct {
		DHRemote  base64url `json:"rcDHRr"`
		ChainKey  base64url `json:"rcCKs"`
		HeaderKey base64url `json:"rcHKs"`
	} `json:"rcSnd"`
	Rcv *struct {
		ChainKey  base64url `json:"rcCKr"`
		HeaderKey base64url `json:"rcHKr"`
	} `json:"rcRcv"`
}

// base64url is bytes that are written in base64url with padding.
type base64url []byte

func (b *base64url) UnmarshalText(text []byte) (err error) {
	*b, err = base64.URLEncoding.DecodeString(string(text))
	return err
}

func (b base64url) String() string { return hex.EncodeToString(b) }

// nestedText is bytes to which base64url was applied twice.
type nestedText []byte

func (n *nestedText) UnmarshalText(text []byte) error {
	var outer, inner base64url
	if err := outer.UnmarshalText(text); err != nil {
		return err
	}
	err := inner.UnmarshalText(outer)
	*n = nestedText(inner)
	return err
}

// stateOf brings a stored ratchet into the form of the kinds x3dh and ratchet. The
// public key of the own DH key, which is not stored, is computed.
func stateOf(stored any) (object, error) {
	var s storedState
	d := json.NewDecoder(bytes.NewReader([]byte(line(stored))))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return nil, fmt.Errorf("ratchet state: %w", err)
	}
	raw, found := bytes.CutPrefix(s.DHSelf, privatePrefix)
	if !found || len(raw) != x448.Size {
		return nil, errors.New("ratchet state: expected an X448 private key")
	}
	var private, public x448.Key
	copy(private[:], raw)
	x448.KeyGen(&public, &private)
	state := object{
		"ad": s.AD.String(), "current_version": s.Versions[0], "max_version": s.Versions[1],
		"dh_self_private": hex.EncodeToString(private[:]), "dh_self_public": hex.EncodeToString(public[:]),
		"support_kem": s.SupportKEM, "enable_kem": s.EnableKEM, "snd_kem": s.SndKEM, "rcv_kem": s.RcvKEM,
		"root_key": s.RootKey.String(), "next_header_key_snd": s.NextHeaderS.String(), "next_header_key_rcv": s.NextHeaderR.String(),
		"ns": s.NS, "nr": s.NR, "pn": s.PN, "kem": nil, "snd": nil, "rcv": nil,
	}
	if s.KEM != nil {
		kem := object{"self": object{"public": s.KEM.Self[0].String(), "secret": s.KEM.Self[1].String()}, "accepted": nil}
		if a := s.KEM.Accepted; a != nil {
			kem["accepted"] = object{
				"received_public": a.Received.String(), "shared": a.Shared.String(), "ciphertext": a.Ciphertext.String(),
			}
		}
		state["kem"] = kem
	}
	if s.Snd != nil {
		remote, found := bytes.CutPrefix(s.Snd.DHRemote, publicPrefix)
		if !found {
			return nil, errors.New("ratchet state: expected an X448 public key of the other side")
		}
		state["snd"] = object{
			"dh_remote_public": hex.EncodeToString(remote),
			"chain_key":        s.Snd.ChainKey.String(), "header_key": s.Snd.HeaderKey.String(),
		}
	}
	if s.Rcv != nil {
		state["rcv"] = object{"chain_key": s.Rcv.ChainKey.String(), "header_key": s.Rcv.HeaderKey.String()}
	}
	return state, nil
}
