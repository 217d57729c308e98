// Package control lets the operator of a relay speak to it while it runs: over a
// Unix domain socket, which nobody else can reach.
//
// The socket has mode 0600 and is in a directory that only its owner can enter;
// Listen refuses every other one. Whoever connects sends one request, a JSON
// object on one line of at most 4096 bytes, within 5 seconds, gets one response in
// the same form, and is disconnected. Requests:
//
//	{"command":"stats"}
//	{"command":"block","queue":"ID","reason":"spam"}
//	{"command":"block","queue":"ID","relay":"FINGERPRINT","reason":"content","notice_seconds":86400}
//	{"command":"unblock","queue":"ID"}
//
// ID is a sender id or link id in base64url. With FINGERPRINT, that of the relay in
// an address, another relay refuses. A notice of 0 seconds has no limit. Responses:
//
//	{}
//	{"stats":{"uptime_seconds":1.5,"connections":2,…}}
//	{"error":"no such queue"}
//
// Nothing about single queues can be asked.
package control
