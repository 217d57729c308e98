package agent

import (
	"context"

	"smpcheck/reference/agent/network"
	"smpcheck/reference/agent/store"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

// What outlives the process of an agent is the file and the relays. Everything that
// the agent does to them goes through the following, so that a test can stop it
// between any two of its deeds.

// file is what the agent keeps its state in: a store.Store.
type file interface {
	Update(ctx context.Context, f func(*store.Tx) error) error
	Close() error
}

// relays is what the agent reaches the relays by: a network.Network.
type relays interface {
	Events() <-chan network.Event
	Watch(server link.Server, queues ...client.Queue) error
	Unwatch(server link.Server, recipientIDs ...[]byte)
	CreateQueue(ctx context.Context, server link.Server, o client.QueueOptions) (client.Queue, error)
	CreateLinkQueue(ctx context.Context, server link.Server, o client.LinkQueueOptions) (client.Queue, []byte, error)
	Ack(ctx context.Context, server link.Server, q client.Queue, messageID []byte) error
	Secure(ctx context.Context, server link.Server, q client.Queue, sender keys.PublicKey) error
	Delete(ctx context.Context, server link.Server, q client.Queue) error
	Info(ctx context.Context, server link.Server, q client.Queue) (smp.QueueInfo, error)
	SetLink(ctx context.Context, server link.Server, q client.Queue, linkID []byte, data smp.LinkData) error
	DeleteLink(ctx context.Context, server link.Server, q client.Queue) error
	Send(ctx context.Context, server link.Server, q client.SenderQueue, notify bool, body []byte) error
	SecureBySender(ctx context.Context, server link.Server, q client.SenderQueue) error
	SecureLink(ctx context.Context, server link.Server, linkID []byte, key keys.PrivateKey) (smp.LNK, error)
	GetLink(ctx context.Context, server link.Server, linkID []byte) (smp.LNK, error)
	Close() error
}
