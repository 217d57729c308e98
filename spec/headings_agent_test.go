package spec

// agentHeadings are the sections of agent-protocol.md.
var agentHeadings = []string{
	"Abstract", "SMP agent", "SMP routers management", "SMP agent protocol scope",
	"Duplex connection procedure", "Fast duplex connection procedure", "Contact addresses",
	"Communication between SMP agents", "Messages between SMP agents", "HELLO message",
	"A_MSG message", "A_RCVD message", "EREADY message", "A_QCONT message",
	"Rotating messaging queue", "End-to-end encryption",
	"Connection link: 1-time invitation and contact address", "Full connection link syntax",
	"Short connection link syntax", "Short links", "Link key derivation",
	"Link data encryption", "Short link resolution", "Link data management",
	"Appendix A: SMP agent API", "API functions", "Create connection", "Join connection",
	"Allow connection", "Accept and reject connection requests", "Send message",
	"Acknowledge received message", "Subscribe connection", "Get notification message",
	"Set short link data", "Get short link data", "Rotate message queue to another router",
	"Renegotiate e2e encryption", "Delete connection", "Suspend connection", "API events",
	"Threat model", "Additional global assumptions", "A passive adversary",
	"Destination router (chosen by the receiving client application)",
	"An attacker who obtained a client application's (decrypted) database",
	"A communication peer", "An attacker who obtained a connection link",
}
