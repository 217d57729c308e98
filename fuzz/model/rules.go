package model

import (
	"maps"
	"slices"

	"smpcheck/fuzz/drive"
)

// Rule is something that a relay can break.
type Rule struct {
	// Name is that of the breach, for ever.
	Name string
	Kind drive.Kind
	// Requirement is the id of its record in spec; empty if there is none for all of it.
	Requirement string
	// Special are the ids of records that it has for single commands and errors.
	Special []string
	// Says is the rule in a sentence.
	Says string
}

var rules []*Rule

func rule(kind drive.Kind, name, requirement, says string) *Rule {
	r := &Rule{Name: name, Kind: kind, Requirement: requirement, Says: says}
	rules = append(rules, r)
	return r
}

// Rules returns all rules in alphabetical order of their names.
func Rules() []Rule {
	all := make([]Rule, len(rules))
	for i, r := range rules {
		all[i] = *r
		all[i].Special = slices.Sorted(maps.Values(byCommand[r]))
		if old, ok := older[r]; ok {
			all[i].Special = append(all[i].Special, old.requirement)
		}
	}
	slices.SortFunc(all, func(a, b Rule) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return all
}

// What had to be refused.
var (
	malformedAccepted = rule(drive.Accepted, "malformed-forward-accepted", "SMP-PROXY-INNER-VERIFIED",
		"A forwarded command that is malformed is answered with an error.")
	unknownQueueAccepted = rule(drive.Accepted, "unknown-queue-accepted", "SMP-AUTH-UNKNOWN-QUEUE",
		"A command for a queue that does not exist is refused.")
	deletedQueueAccepted = rule(drive.Accepted, "deleted-queue-accepted", "SMP-DEL-GONE",
		"A command for a queue that was deleted is refused.")
	wrongIDAccepted = rule(drive.Accepted, "wrong-id-accepted", "SMP-AUTH-ID-KIND",
		"A command with the id of another party is refused.")
	wrongKeyAccepted = rule(drive.Accepted, "wrong-key-accepted", "SMP-AUTH-WRONG-KEY",
		"A command that another key, or a key in another session, authorizes is refused.")
	unsignedAccepted = rule(drive.Accepted, "unsigned-accepted", "SMP-SEND-SECURED-UNAUTHORIZED",
		"SEND without authorization to a secured queue is refused.")
	needlessKeyAccepted = rule(drive.Accepted, "needless-authorization-accepted", "SMP-SEND-UNSECURED-AUTHORIZED",
		"SEND with an authorization to a queue that is not secured is refused.")
	secondKeyAccepted = rule(drive.Accepted, "second-key-accepted", "SMP-KEY-CHANGED",
		"A queue that is secured takes no other key.")
	notSecurableAccepted = rule(drive.Accepted, "not-securable-accepted", "SMP-SKEY-NOT-ALLOWED",
		"A sender secures only queues that were created for that.")
	suspendedAccepted = rule(drive.Accepted, "suspended-queue-accepted", "SMP-SEND-SUSPENDED",
		"A suspended queue takes no messages.")
	largeAccepted = rule(drive.Accepted, "large-message-accepted", "SMP-SEND-TOO-LARGE",
		"A message longer than the version allows is refused.")
	quotaAccepted = rule(drive.Accepted, "full-queue-accepted", "SMP-SEND-QUOTA-ALL",
		"A queue that was full takes no message before all of it was received.")
	quotaExceeded = rule(drive.Accepted, "quota-exceeded-accepted", "SMP-SEND-QUOTA",
		"A queue takes no more messages than its quota.")
	notDeliveredAccepted = rule(drive.Accepted, "not-delivered-acknowledged", "SMP-ACK-NOT-DELIVERED",
		"ACK of what was not delivered last is refused.")
	subscribedAccepted = rule(drive.Accepted, "subscribed-get-accepted", "SMP-GET-AFTER-SUB",
		"One connection does not use SUB and GET for one queue.")
	linkAccepted = rule(drive.Accepted, "link-accepted", "SMP-LINK-LGET-MESSAGING",
		"Link data is for those alone who may read it, and a used link does not change.")
	linkIDAccepted = rule(drive.Accepted, "link-sender-id-accepted", "SMP-NEW-LINK-SENDER-ID",
		"NEW with link data has the sender id that its correlation id gives.")
	passwordAccepted = rule(drive.Accepted, "wrong-password-accepted", "SMP-NEW-PASSWORD",
		"A relay with a password creates queues and opens sessions only for those who send it.")
	serviceAccepted = rule(drive.Accepted, "service-command-accepted", "SMP-SERVICE-COMMAND-ORDINARY",
		"Commands and signatures of services are refused outside of their sessions.")
	laterVersionAccepted = rule(drive.Accepted, "later-version-accepted", "SMP-NAME-RSLV-OLD-RELAY",
		"RSLV is not served below version 20.")
	sessionAccepted = rule(drive.Accepted, "unknown-session-accepted", "SMP-PROXY-PFWD-UNKNOWN-SESSION",
		"PFWD with a session that the proxy does not have is refused.")
	forwardAccepted = rule(drive.Accepted, "forwarded-command-accepted", "SMP-PROXY-INNER-OTHER",
		"Only commands of senders and RSLV are executed when they are forwarded.")
	ciphertextAccepted = rule(drive.Accepted, "ciphertext-accepted", "SMP-PROXY-RFWD-CIPHERTEXT",
		"A forwarded command that does not decrypt is refused.")
)

// Answers that are not allowed.
var (
	relayTrouble = rule(drive.Violation, "relay-trouble", "",
		"No command makes the relay fail: ERR INTERNAL and ERR STORE are failures of its own.")
	refused = rule(drive.Violation, "refused", "",
		"A command that is right is executed.")
	wrongRefusal = rule(drive.Violation, "wrong-refusal", "SMP-ERR-FORM",
		"A command is refused with the error that says why.")
	wrongAnswer = rule(drive.Violation, "wrong-answer", "",
		"A command has the answer that is its own, in the form of the version.")
	wrongIDs = rule(drive.Violation, "wrong-ids", "SMP-IDS-UNIQUE",
		"The ids of a new queue or notifier have 16 to 24 bytes and are new.")
	wrongQueue = rule(drive.Violation, "wrong-queue", "SMP-IDS-QUEUE-MODE",
		"IDS has the mode, link and notifier that NEW asked for, and nothing else.")
	wrongLink = rule(drive.Violation, "wrong-link-data", "SMP-LINK-LNK-UNCHANGED",
		"LNK has the sender id of the queue and the data that were set last.")
	wrongInfo = rule(drive.Violation, "wrong-info", "SMP-QUE-FIELDS",
		"INFO says what the queue has.")
	wrongDestination = rule(drive.Violation, "wrong-destination", "SMP-PROXY-DESTINATION-IDENTITY",
		"PKEY is of the relay that PRXY named.")
	connectionClosed = rule(drive.Violation, "connection-closed", "SMP-ERR-SESSION-CONTINUES",
		"A relay does not close a connection on which nothing malformed came.")
)

// Messages.
var (
	messageLost = rule(drive.Violation, "message-lost", "SMP-MSG-KEPT",
		"A message that was accepted is delivered.")
	messageUnknown = rule(drive.Violation, "message-unknown", "SMP-SEND-BYTES",
		"What is delivered was sent, byte for byte.")
	messageForeign = rule(drive.Violation, "message-of-another-queue", "SMP-MSG-EVENT",
		"What is delivered was sent to this queue.")
	messageRefused = rule(drive.Violation, "refused-message-delivered", "SMP-ERR-NO-EFFECT",
		"A message that was refused is not delivered.")
	messageFlag = rule(drive.Violation, "message-flag", "SMP-MSG-FLAGS",
		"A message has the notification flag with which it was sent.")
	messageID = rule(drive.Violation, "message-id", "SMP-MSG-ID-UNIQUE",
		"A message has one id, of 24 bytes, that no other has.")
	messageChanged = rule(drive.Violation, "message-changed", "SMP-MSG-KEPT",
		"A message that is delivered again is the same.")
	messageTime = rule(drive.Violation, "message-timestamp", "SMP-MSG-TIMESTAMP",
		"The timestamp of a message is the time when it came, and does not go back in a queue.")
	messageAgain = rule(drive.Violation, "delivered-after-acknowledgement", "SMP-ACK-DELETES",
		"A message that was acknowledged is not delivered again.")
	messageRepeated = rule(drive.Violation, "delivered-twice", "SMP-MSG-ONCE",
		"A message is not delivered twice on a connection unless it is asked for again.")
	messageOrder = rule(drive.Violation, "message-order", "SMP-MSG-ORDER",
		"Messages are delivered in the order in which they were accepted, the next one after ACK.")
	messageDeleted = rule(drive.Violation, "delivered-after-delete", "SMP-DEL-MESSAGES",
		"After a queue was deleted none of its messages is delivered.")
	messageDisplaced = rule(drive.Violation, "delivered-to-displaced", "SMP-SUB-TAKEOVER-SILENT",
		"A connection whose subscription another one took gets no message.")
	messageUnsubscribed = rule(drive.Violation, "delivered-without-subscription", "SMP-NEW-CREATE-ONLY",
		"Messages are pushed to subscribed connections alone.")
	markerMissing = rule(drive.Violation, "marker-lost", "SMP-SEND-QUOTA-MARKER",
		"After the last message of a queue that was full comes the message that says so.")
	markerUnexpected = rule(drive.Violation, "marker-unexpected", "SMP-SEND-QUOTA-MARKER",
		"Nothing says that a queue was full that was not.")
)

// Events.
var (
	unknownEvent = rule(drive.Violation, "unknown-event", "SMP-TX-EVENT-ENTITY",
		"END and DELD are about a queue, by an id that the connection knows.")
	endMissing = rule(drive.Violation, "end-missing", "SMP-SUB-END",
		"The connection whose subscription another one took gets END.")
	endUnexpected = rule(drive.Violation, "end-unexpected", "SMP-SUB-TAKEOVER-ONCE",
		"END comes once for a subscription that another connection took.")
	deldMissing = rule(drive.Violation, "deld-missing", "SMP-DELD-SENT",
		"The connection that is subscribed to a queue that another one deletes gets DELD, END below version 10.")
	deldUnexpected = rule(drive.Violation, "deld-unexpected", "SMP-DELD-SENT",
		"DELD comes once for a subscription to what was deleted.")
	notificationMissing = rule(drive.Violation, "notification-lost", "SMP-NTF-FLAG-TRUE",
		"A message with the flag is announced to the notifier that is subscribed.")
	notificationUnexpected = rule(drive.Violation, "notification-unexpected", "SMP-NTF-NMSG-SUBSCRIBED",
		"Only messages with the flag are announced, once, and to the subscribed notifier alone.")
	notificationEndMissing = rule(drive.Violation, "notifier-end-missing", "SMP-NTF-TAKEOVER-END",
		"The connection whose NSUB another one displaced gets END.")
	notificationNonce = rule(drive.Violation, "notification-nonce", "SMP-NTF-NMSG-NONCE",
		"The nonce of a notification is random: no other has it, and it is not the id of the message.")
	notificationMeta = rule(drive.Violation, "notification-metadata", "SMP-NTF-NMSG-META-SAME",
		"A notification has the id and time of its message.")
)
