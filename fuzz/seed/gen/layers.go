package main

import (
	"encoding/hex"
	"strings"

	"smpcheck/conformance/trace"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/transport"
)

// readHandshake offers a hello, and notes the session identifier of the connection.
func (c collection) readHandshake(talk *conversation, connection trace.Connection, e *trace.Event, data []byte) {
	item := seed.Item{Version: connection.Version, Data: data}
	switch {
	case strings.HasPrefix(e.Summary, "server hello"):
		item.Kind = seed.ServerHello
		if hello, err := transport.DecodeServerHello(data); err == nil {
			if talk.sessions == nil {
				talk.sessions = map[int][]byte{}
			}
			talk.sessions[e.Connection] = hello.SessionID
		}
	case strings.HasPrefix(e.Summary, "client hello"):
		item.Kind = seed.ClientHello
	case strings.HasPrefix(e.Summary, "the service"):
		item.Kind = seed.ServiceResponse
	default:
		return
	}
	c.offer(item, e.Summary, e.Error)
}

// readLayer offers what the runner has decrypted: the layers that have bytes of their own.
// tag is the command or response around them.
func (c collection) readLayer(l *trace.Layer, tag string, version uint16, fromClient bool) {
	switch l.Kind {
	case trace.KindCommand, trace.KindResponse:
		tag, _, _ = strings.Cut(l.Summary, " ")
	case trace.KindMessage:
		c.offerLayer(l, seed.Message, version)
	case trace.KindNotification:
		c.offerLayer(l, seed.Notification, version)
	case trace.KindForwarded:
		switch {
		case tag == "RFWD":
			c.offerLayer(l, seed.ForwardedCommand, version)
		case tag == "RRES":
			c.offerLayer(l, seed.ForwardedResponse, version)
		case fromClient:
			c.offerLayer(l, seed.CommandBlock, version)
		default:
			c.offerLayer(l, seed.ResponseBlock, version)
		}
		tag = "" // what is inside is the block of the client or of the destination
	}
	for i := range l.Layers {
		c.readLayer(&l.Layers[i], tag, version, fromClient)
	}
}

func (c collection) offerLayer(l *trace.Layer, kind seed.Kind, version uint16) {
	if data, err := hex.DecodeString(l.Hex); err == nil {
		c.offer(seed.Item{Kind: kind, Version: version, Data: data}, l.Summary, l.Error)
	}
}
