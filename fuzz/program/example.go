package program

import (
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// Example returns the encoding of a command of a kind at a version, with all its fields.
// It must not be changed, and it is the same at each call. A kind that is no command has
// none.
func Example(kind Kind, version uint16) []byte {
	if !kind.IsCommand() {
		return nil
	}
	b, err := smp.EncodeCommand(version, examples[kind])
	if err != nil {
		panic(fmt.Sprintf("encoding %s: %v", kind, err)) // the examples fit their fields
	}
	return b
}

var (
	exampleSigner = zeroKey(keys.Ed25519)
	exampleDH     = zeroKey(keys.X25519)
	exampleID     = make([]byte, 24)
	exampleData   = smp.LinkData{Fixed: make([]byte, 16), User: make([]byte, 16)}
	examplePair   = smp.NotifierKeys{AuthKey: exampleSigner, DHKey: exampleDH}
)

// examples are commands with all their fields.
var examples = map[Kind]smp.Command{
	PING: smp.PING{},
	NEW: smp.NEW{AuthKey: exampleSigner, DHKey: exampleDH, Password: smp.Password("password"), Subscribe: true, Notifier: &examplePair,
		Request: &smp.QueueRequest{Mode: smp.Contact, Link: &smp.QueueLink{LinkID: exampleID, SenderID: exampleID, Data: exampleData}}},
	SUB: smp.SUB{}, KEY: smp.KEY{SenderKey: exampleSigner}, SKEY: smp.SKEY{SenderKey: exampleSigner},
	RKEY: smp.RKEY{Keys: []keys.PublicKey{exampleSigner, exampleDH}},
	SEND: smp.SEND{Notify: true, Body: make([]byte, 16)}, ACK: smp.ACK{MsgID: exampleID}, GET: smp.GET{}, OFF: smp.OFF{},
	DEL: smp.DEL{}, QUE: smp.QUE{}, NKEY: smp.NKEY{NotifierKeys: examplePair}, NDEL: smp.NDEL{}, NSUB: smp.NSUB{},
	LSET: smp.LSET{LinkID: exampleID, Data: exampleData}, LDEL: smp.LDEL{}, LKEY: smp.LKEY{SenderKey: exampleSigner}, LGET: smp.LGET{},
	PRXY: smp.PRXY{Server: smp.Server{Hosts: []string{"localhost"}, Port: "5223", KeyHash: make([]byte, 32)}, Password: smp.Password("password")},
	PFWD: smp.PFWD{Version: smp.MaxVersion, Key: exampleDH, Body: make([]byte, 16)}, RFWD: smp.RFWD{Body: make([]byte, 16)},
	SUBS: smp.SUBS{}, NSUBS: smp.NSUBS{}, RSLV: smp.RSLV{Domain: "smpcheck.testing"},
}
