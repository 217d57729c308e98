// Package link reads and writes the addresses of SMP: relays and, in the forms that
// clients exchange, queues and connections.
package link
