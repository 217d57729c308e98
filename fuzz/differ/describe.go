package differ

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"smpcheck/fuzz/drive"
	"smpcheck/reference/smp"
)

// undecoded begins the description of a transmission that does not decode.
const undecoded = "bytes that do not decode"

// describe is a transmission that came, with names in the place of ids, without keys,
// times and what else is new in each run.
func (o *observer) describe(r drive.Received) string {
	if r.Err != nil {
		return fmt.Sprintf(undecoded+", %.20q", r.Command)
	}
	switch c := r.Response.(type) {
	case smp.ERR:
		return "ERR " + c.Err.Error()
	case smp.IDS:
		return describeIDs(c)
	case smp.MSG:
		return "MSG " + o.message(r)
	case smp.LNK:
		return fmt.Sprintf("LNK %s, %d and %d bytes", o.named(c.SenderID), len(c.Data.Fixed), len(c.Data.User))
	case smp.PRES:
		if r.Forwarded == nil {
			return "PRES that cannot be opened"
		}
		return "PRES " + o.describe(*r.Forwarded)
	case smp.INFO:
		return describeInfo(c.Queue)
	case smp.SOK:
		// Below the version that has SOK it is encoded as OK.
		return describeOK(len(c.ServiceID) > 0)
	case smp.OK:
		return describeOK(false)
	case smp.RNAME:
		return "RNAME " + c.Record.Name
	}
	return r.Response.Tag()
}

func describeOK(service bool) string {
	if service {
		return "OK with a service"
	}
	return "OK"
}

// describeIDs says which parts the answer to NEW has.
func describeIDs(c smp.IDS) string {
	parts := []string{"IDS"}
	for _, part := range []struct {
		there bool
		name  string
	}{
		{c.Mode != 0, fmt.Sprintf("mode %c", c.Mode)}, {len(c.LinkID) > 0, "link"},
		{len(c.ServiceID) > 0, "service"}, {c.Notifier != nil, "notifier"},
	} {
		if part.there {
			parts = append(parts, part.name)
		}
	}
	return strings.Join(parts, ", ")
}

func describeInfo(q smp.QueueInfo) string {
	next := "no message"
	if q.Message != nil {
		next = string(q.Message.Type)
	}
	return fmt.Sprintf("INFO secured %t, notifier %t, subscribed %t, %d messages, next %s",
		q.Secured, q.Notifier, q.Subscription != nil, q.Size, next)
}

// message is what MSG carries: the operation that sent it.
func (o *observer) message(r drive.Received) string {
	switch {
	case r.OpenErr != nil:
		return "that cannot be opened"
	case r.Message == nil:
		return "of an unknown queue"
	case r.Message.Quota:
		return "quota marker"
	}
	name, ok := o.bodies[sha256.Sum256(r.Message.Body)]
	if !ok {
		name = fmt.Sprintf("message that nobody has sent, %d bytes", len(r.Message.Body))
	}
	if r.Message.Notify {
		name += " with the notification flag"
	}
	return name
}
