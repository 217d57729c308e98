package spec

// The sections of the documents on the ratchet, on security, and of the overview.
var (
	pqdrHeadings = []string{
		"Overview", "Comparison with the other approaches",
		"PQXDH for post-quantum key agreement",
		"Hybrid Signal protocol for post-quantum encryption",
		"Augmented double ratchet algorithm",
		"Double ratchet with encrypted headers augmented with double PQ KEM", "Initialization",
		"Encrypting messages", "Decrypting messages", "Ratchet message wire format",
		"Encrypted ratchet message", "Encrypted message header", "Plaintext message header",
		"KEM state machine", "Implementation considerations for SimpleX Messaging Protocol",
		"Chosen KEM algorithm", "Summary",
	}
	securityHeadings = []string{
		"Encryption primitives", "Threat Model", "Global Assumptions",
		"A passive adversary able to monitor the traffic of one user",
		"A passive adversary able to monitor a set of senders and recipients",
		"SimpleX Messaging Protocol router",
		"SimpleX Messaging Protocol router that proxies the messages to another SMP router",
		"An attacker who obtained Alice's (decrypted) chat database", "A user's contact",
		"An attacker who observes Alice showing an introduction message to Bob",
		"An attacker with Internet access",
	}
	overviewHeadings = []string{
		"Introduction", "What is SimpleX", "Network model", "Applications", "SimpleX objectives",
		"In Comparison", "Technical Details", "Trust in Routers",
		"Client -> Router Communication", "2-hop Onion Message Routing",
		"SimpleX Messaging Protocol", "SimpleX Agents", "Security", "Acknowledgements",
	}
)
