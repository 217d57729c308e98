package main

import (
	"encoding/base64"
	"strings"

	"smpcheck/reference/link"
	"smpcheck/reference/relay/control"
)

// queueRequest is a request about the queue that --queue names. Errors do not
// repeat it, since it may have secrets of a link.
func queueRequest(command, queue string) (control.Request, error) {
	request := control.Request{Command: command}
	if queue == "" {
		return request, usage("the queue is missing: %s", queueForms)
	}
	if !strings.Contains(queue, ":") {
		id, err := control.DecodeID(queue)
		if err != nil {
			return request, usageError{err}
		}
		request.Queue = control.EncodeID(id)
		return request, nil
	}
	server, id, err := addressed(queue)
	if err != nil {
		return request, err
	}
	request.Queue, request.Relay = control.EncodeID(id), fingerprintText(server)
	return request, nil
}

// addressed is the relay and the id in the address of a queue or in a link.
func addressed(text string) (link.Server, []byte, error) {
	if q, err := link.ParseQueueURI(text); err == nil {
		return q.Server, q.SenderID, nil
	}
	parsed, err := link.ParseLink(text)
	if err != nil {
		return link.Server{}, nil, usage("the queue is none of those that can be named, expected %s", queueForms)
	}
	switch l := parsed.(type) {
	case link.ShortLink:
		id, err := l.RelayID()
		if err != nil {
			return link.Server{}, nil, usage("the link has no id: %w", err)
		}
		return l.Server, id, nil
	case link.Connection:
		if len(l.Queues) == 1 {
			return l.Queues[0].Server, l.Queues[0].SenderID, nil
		}
	}
	return link.Server{}, nil, usage("the link has more than one queue; give the address of one")
}

// fingerprintText is the identity of a relay as it stands in addresses, empty for
// a link that was shortened.
func fingerprintText(s link.Server) string { return base64.URLEncoding.EncodeToString(s.KeyHash) }
