package spec

// The sections of the document on the relay protocol, and those of the document on push
// notifications that concern relays and their clients.
var (
	messagingHeadings = []string{
		"Abstract", "Introduction", "SMP Model", "Out-of-band messages", "Simplex queue",
		"SMP queue URI", "SMP procedure", "Fast SMP procedure", "SMP qualities and features",
		"Cryptographic algorithms", "Deniable client authentication scheme",
		"Simplex queue IDs", "Router security requirements", "Message delivery notifications",
		"Client services", "Service roles", "Service certificates", "Service subscriptions",
		"SMP Transmission and transport block structure", "SMP commands",
		"Correlating responses with commands", "Command verification", "Keep-alive command",
		"Recipient commands", "Create queue command", "Subscribe to queue",
		"Subscribe to multiple queues", "Secure queue by recipient", "Set queue recipient keys",
		"Set short link", "Delete short link", "Enable notifications command",
		"Disable notifications command", "Get message command", "Acknowledge message delivery",
		"Suspend queue", "Delete queue", "Get queue state", "Sender commands",
		"Secure queue by sender", "Send message", "Proxying sender commands",
		"Request proxied session", "Send command via proxy", "Forward command to destination router",
		"Short link commands", "Set link key", "Get link data", "Notifier commands",
		"Subscribe to queue notifications", "Subscribe to multiple queue notifications",
		"Router messages", "Link response", "Queue subscription response",
		"Service subscription response", "All service messages received", "Deliver queue message",
		"Deliver message notification", "Subscription END notification",
		"Service subscription END notification", "Queue deleted notification", "Error responses",
		"OK response", "Resolver commands", "Resolve name command", "Name record response",
		"Transport connection with the SMP router", "General transport protocol considerations",
		"TLS transport encryption", "Router certificate", "ALPN to agree handshake version",
		"Transport handshake", "Additional transport privacy",
	}
	pushHeadings = []string{
		"Introduction", "Participating routers",
		"Register device token to receive push notifications",
		"Subscribe to connection notifications", "SimpleX Notification Router protocol",
		"Create SMP message notification subscription", "Check notification subscription status",
		"Delete notification subscription", "Error responses", "Threat Model",
		"SimpleX Messaging Protocol router",
		"SimpleX Notification Router subscribed to message notifications",
		"SimpleX Notification Router subscribed ONLY to periodic notifications",
	}
)
