package spec

// headings are the sections of the documents that records may name.
var headings = map[string][]string{
	"agent-protocol.md":     agentHeadings,
	"overview-tjr.md":       overviewHeadings,
	"pqdr.md":               pqdrHeadings,
	"push-notifications.md": pushHeadings,
	"security.md":           securityHeadings,
	"simplex-messaging.md":  messagingHeadings,
}
