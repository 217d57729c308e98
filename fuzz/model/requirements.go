package model

import "smpcheck/reference/smp"

// older are the requirements of rules that have another one below a version.
var older = map[*Rule]struct {
	below       uint16
	requirement string
}{
	largeAccepted:        {smp.VersionBlockEncryption, "SMP-SEND-TOO-LARGE-OLD"},
	notSecurableAccepted: {smp.VersionSenderKeys, "SMP-SKEY-BEFORE-9"},
}

// byCommand are the requirements of rules that have one of its own for a command, or for
// the error that had to come; Rule.Requirement is that of all others.
var byCommand = map[*Rule]map[string]string{
	wrongKeyAccepted: {
		"NEW": "SMP-NEW-AUTHORIZED", "SUB": "SMP-SUB-AUTHORIZED", "KEY": "SMP-KEY-AUTHORIZED", "RKEY": "SMP-RKEY-AUTHORIZED",
		"GET": "SMP-GET-AUTHORIZED", "ACK": "SMP-ACK-AUTHORIZED", "OFF": "SMP-OFF-AUTHORIZED", "DEL": "SMP-DEL-AUTHORIZED",
		"QUE": "SMP-QUE-AUTHORIZED", "SEND": "SMP-SEND-SECURED-WRONG-KEY", "SKEY": "SMP-SKEY-AUTHORIZED",
		"NKEY": "SMP-NTF-NKEY-AUTHORIZED", "NDEL": "SMP-NTF-NDEL-AUTHORIZED", "NSUB": "SMP-NTF-NSUB-AUTHORIZED",
		"LSET": "SMP-LINK-LSET-AUTHORIZED", "LDEL": "SMP-LINK-LDEL-AUTHORIZED", "LKEY": "SMP-LINK-LKEY-AUTHORIZED",
	},
	wrongIDAccepted: {
		"SUB": "SMP-SUB-SENDER-ID", "KEY": "SMP-KEY-RECIPIENT-ID", "ACK": "SMP-ACK-SENDER-ID", "SEND": "SMP-SEND-RECIPIENT-ID",
		"SKEY": "SMP-SKEY-SENDER-ID", "NKEY": "SMP-NTF-NKEY-SENDER-ID", "NSUB": "SMP-NTF-NSUB-OTHER-IDS",
		"LSET": "SMP-LINK-LSET-SENDER-ID", "LKEY": "SMP-LINK-LKEY-QUEUE-ID", "LGET": "SMP-LINK-LGET-QUEUE-ID",
		"RKEY": "SMP-RKEY-CONTACT-ONLY",
	},
	unknownQueueAccepted: {
		"SEND": "SMP-SEND-UNKNOWN", "NSUB": "SMP-NTF-NSUB-UNKNOWN", "LKEY": "SMP-LINK-LKEY-UNKNOWN", "LGET": "SMP-LINK-LGET-UNKNOWN",
	},
	deletedQueueAccepted: {
		"SEND": "SMP-SEND-DELETED", "SUB": "SMP-SUB-DELETED", "DEL": "SMP-DEL-REPEATED", "NSUB": "SMP-NTF-DELETED-SILENT",
		"LKEY": "SMP-LINK-QUEUE-DELETED", "LGET": "SMP-LINK-QUEUE-DELETED",
	},
	secondKeyAccepted:    {"SKEY": "SMP-SKEY-CHANGED", "LKEY": "SMP-LINK-LKEY-CHANGED"},
	notSecurableAccepted: {"LKEY": "SMP-LINK-LKEY-CONTACT"},
	subscribedAccepted:   {"SUB": "SMP-SUB-AFTER-GET"},
	linkAccepted:         {"LSET": "SMP-LINK-LSET-MESSAGING"},
	passwordAccepted:     {"PRXY": "SMP-PROXY-PASSWORD"},
	messageLost:          {"GET": "SMP-GET-MESSAGE", "SUB": "SMP-SUB-DELIVERS", "ACK": "SMP-ACK-NEXT"},
	refused:              executed,
	wrongAnswer:          executed,
	wrongRefusal: {
		"AUTH": "SMP-AUTH-SAME-ERROR", "CMD UNKNOWN": "SMP-TX-UNKNOWN", "CMD SYNTAX": "SMP-TX-SYNTAX",
		"CMD NO_AUTH": "SMP-AUTH-NO-AUTH", "CMD HAS_AUTH": "SMP-AUTH-HAS-AUTH", "CMD NO_ENTITY": "SMP-AUTH-NO-ENTITY",
		"QUOTA": "SMP-SEND-QUOTA", "LARGE_MSG": "SMP-SEND-TOO-LARGE", "NO_MSG": "SMP-ACK-NOT-DELIVERED",
		"SERVICE": "SMP-SERVICE-COMMAND-ORDINARY", "CMD PROHIBITED": "SMP-GET-AFTER-SUB", "CRYPTO": "SMP-PROXY-RFWD-CIPHERTEXT",
	},
}

// executed says how commands that are right are answered.
var executed = map[string]string{
	"NEW": "SMP-NEW-CREATES", "SUB": "SMP-SUB-FIRST-MESSAGE", "KEY": "SMP-KEY-OK", "RKEY": "SMP-RKEY-OK", "GET": "SMP-GET-MESSAGE",
	"ACK": "SMP-ACK-OK", "OFF": "SMP-OFF-OK", "DEL": "SMP-DEL-OK", "QUE": "SMP-QUE-INFO", "SEND": "SMP-SEND-UNSECURED",
	"SKEY": "SMP-SKEY-OK", "NKEY": "SMP-NTF-NID-ANSWER", "NDEL": "SMP-NTF-NDEL-OK", "NSUB": "SMP-NTF-NSUB-SOK",
	"LSET": "SMP-LINK-LSET-OK", "LDEL": "SMP-LINK-LDEL-OK", "LKEY": "SMP-LINK-LKEY-LNK", "LGET": "SMP-LINK-LGET-LNK",
	"PING": "SMP-PING-PONG", "PFWD": "SMP-PROXY-PRES-CORRELATION", "RSLV": "SMP-NAME-ANSWER",
}

// requirement is that of a breach about a command, or about an error that had to come.
func (r *Rule) requirement(about string) string {
	if id, ok := byCommand[r][about]; ok {
		return id
	}
	return r.Requirement
}
