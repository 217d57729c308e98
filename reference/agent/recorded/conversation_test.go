package recorded_test

// conversations are what users wrote and agents told each other, in the order of arrival:
// the information with which a connection starts, HELLO ("H"), messages, and receipts with
// the number of the message that they confirm.
var conversations = map[string][]string{
	"contact-link-v18": {
		"client-b requests: hello from joiner",
		"client-a info accepted", "client-b info info from joiner",
		"client-a message hello over contact link", "client-b receipt 2",
		"client-b message hello back", "client-a receipt 3",
	},
	"duplex-v18-pq": {
		"client-b info info from joiner", "client-a info info from initiator",
		"client-a message message 1 from a", "client-b receipt 2", "client-b message message 1 from b", "client-a receipt 3",
		"client-a message message 2 from a", "client-b receipt 4", "client-b message message 2 from b", "client-a receipt 5",
		"client-a message message 3 from a", "client-b receipt 6", "client-b message message 3 from b", "client-a receipt 7",
		"client-a message message 4 from a", "client-b receipt 8", "client-b message message 4 from b", "client-a receipt 9",
		"client-a message message 5 from a", "client-b receipt 10", "client-b message message 5 from b", "client-a receipt 11",
	},
	"duplex-v7": {
		"client-b info info from joiner", "client-a info info from initiator", "client-b H ", "client-a H ",
		"client-a message message 1 from a", "client-b receipt 3", "client-b message message 1 from b", "client-a receipt 4",
		"client-a message message 2 from a", "client-b receipt 5", "client-b message message 2 from b", "client-a receipt 6",
		"client-a message message 3 from a", "client-b receipt 7", "client-b message message 3 from b", "client-a receipt 8",
		"client-a message message 4 from a", "client-b receipt 9", "client-b message message 4 from b", "client-a receipt 10",
		"client-a message message 5 from a", "client-b receipt 11", "client-b message message 5 from b", "client-a receipt 12",
	},
	"duplex-v6-nopq": {
		"client-b info info from joiner", "client-a info info from initiator", "client-b H ", "client-a H ",
		"client-a message message 1 from a", "client-b message message 1 from b",
		"client-a message message 2 from a", "client-b message message 2 from b",
	},
	"proxy-v18": {
		"client-b info info from joiner", "client-a info info from initiator",
		"client-a message message 1 from a", "client-b message message 1 from b",
		"client-a message message 2 from a", "client-b message message 2 from b",
		"client-a message message 3 from a", "client-b message message 3 from b",
	},
	"three-v18": {
		"client-b info info from joiner", "client-a info info from initiator",
		"client-c info info from joiner", "client-a info info from initiator",
		"client-a message message 1 for b", "client-a message message 1 for c",
		"client-b message message 1 from b", "client-c message message 1 from c",
		"client-a message message 2 for b", "client-a message message 2 for c",
		"client-b message message 2 from b", "client-c message message 2 from c",
		"client-a message message 3 for b", "client-a message message 3 for c",
		"client-b message message 3 from b", "client-c message message 3 from c",
		"client-b message simultaneous", "client-c message simultaneous",
	},
}
