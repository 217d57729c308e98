// Package store keeps the state of an agent in one SQLite file: connections with
// their queues and ratchets, messages that wait for delivery, events that wait for
// the application. All access is in transactions (Store.Update), one at a time.
//
// The file holds every private key of the agent. It has mode 0600, one process at
// a time can open it, a transaction is on the disk when Update returns, and deleted
// rows are overwritten.
package store
