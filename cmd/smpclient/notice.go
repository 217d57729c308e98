package main

import (
	"fmt"
	"strings"
	"time"

	"smpcheck/cmd/smpclient/session"
	"smpcheck/reference/agent"
)

// printNotice prints what happened.
func (a *app) printNotice(n session.Notice) error { return a.print(n, noticeText(n)) }

// noticeText is a notice for a person, empty if nobody needs to know.
func noticeText(n session.Notice) string {
	name := plain(n.Contact)
	switch n.Event {
	case session.EventMessage:
		return messageText(n)
	case session.EventJoined:
		return fmt.Sprintf("* %s uses the invitation", name)
	case session.EventConnected:
		return fmt.Sprintf("* %s is connected%s", name, pqText(n.PQ))
	case session.EventRequest:
		return fmt.Sprintf("* %s asks for a connection: accept %d, or reject %d", quotedPlain(n.Peer), n.Request, n.Request)
	case session.EventFailed:
		return fmt.Sprintf("* message %d to %s was not sent: %s", n.ID, name, plain(n.Reason))
	case session.EventFull:
		return fmt.Sprintf("* the relay has no room for more messages to %s until they are read; yours wait", name)
	case session.EventContinue:
		return fmt.Sprintf("* %s reads again", name)
	case session.EventDelayed:
		return fmt.Sprintf("* messages to %s wait: %s", name, plain(n.Reason))
	case session.EventSwitch:
		return switchText(name, n)
	case session.EventSync:
		return syncText(name, n)
	case session.EventProblem:
		return fmt.Sprintf("* problem%s%s", withText(name), reasonText(n.Reason))
	case session.EventLeft:
		return fmt.Sprintf("* %s has deleted this contact", name)
	case session.EventDeleted:
		return fmt.Sprintf("* %s is deleted", name)
	case session.EventRelayDown:
		return fmt.Sprintf("* relay %s cannot be reached%s", plain(n.Server), reasonText(n.Reason))
	case session.EventNoticesLost:
		return "* some events were not shown; history has all messages"
	}
	return ""
}

// switchText tells where moving to another relay begins and ends.
func switchText(name string, n session.Notice) string {
	done := n.Phase == string(agent.SwitchCompleted)
	switch {
	case !done && n.Phase != string(agent.SwitchStarted):
		return ""
	case n.Side == "receiving" && done:
		return fmt.Sprintf("* messages from %s arrive at another relay now", name)
	case n.Side == "receiving":
		return fmt.Sprintf("* asking %s to send to another relay", name)
	case done:
		return fmt.Sprintf("* %s has moved to another relay", name)
	}
	return fmt.Sprintf("* %s moves to another relay", name)
}

// syncTexts are the states of keys.
var syncTexts = map[agent.SyncState]string{
	agent.SyncOK:       "* keys with %s are agreed",
	agent.SyncAllowed:  "* a message from %s cannot be decrypted%s; sync agrees on new keys",
	agent.SyncRequired: "* messages from %s cannot be decrypted%s; sync agrees on new keys",
	agent.SyncStarted:  "* asking %s for new keys",
	agent.SyncAgreed:   "* %s agrees on new keys",
}

func syncText(name string, n session.Notice) string {
	text, known := syncTexts[agent.SyncState(n.Phase)]
	if !known {
		return ""
	}
	if strings.Count(text, "%s") == 2 {
		return fmt.Sprintf(text, name, reasonText(n.Reason))
	}
	return fmt.Sprintf(text, name)
}

func messageText(n session.Notice) string {
	text := indented(n.Text)
	if n.Raw != nil {
		text = fmt.Sprintf("%d bytes: %x", len(n.Raw), n.Raw)
	}
	if n.Type != "text" && n.Type != session.TypeRaw {
		text = fmt.Sprintf("[%s] %s", plain(n.Type), text)
	}
	again, problem := "", ""
	if n.Again {
		again = "(again) "
	}
	if n.Reason != "" {
		problem = fmt.Sprintf("\n    (%s)", plain(n.Reason))
	}
	return fmt.Sprintf("%s %s: %s%s%s", clock(n.Sent), plain(n.Contact), again, text, problem)
}

// clock is a time of today, or the day of an older one.
func clock(t *time.Time) string {
	local := t.Local()
	if time.Since(local) > 12*time.Hour {
		return local.Format("2006-01-02 15:04")
	}
	return local.Format("15:04")
}

func pqText(pq *bool) string {
	if pq != nil && *pq {
		return ", with post-quantum keys"
	}
	return ""
}

func reasonText(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + plain(reason)
}

func withText(name string) string {
	if name == "" {
		return ""
	}
	return " with " + name
}

func quotedPlain(name string) string {
	if name == "" {
		return "somebody"
	}
	return fmt.Sprintf("%q", plain(name))
}
