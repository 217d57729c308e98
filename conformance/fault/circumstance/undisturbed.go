package circumstance

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// Mistakes of commands that touch what they are not about.
var undisturbedFaults = []fault.Fault{
	endsSubscription[smp.RKEY]("sub/ended-by-rkey", "New recipient keys are new recipients, so RKEY ends the subscription of the old ones."),
	endsSubscription[smp.NKEY]("sub/ended-by-nkey", "A recipient that is told by notifications needs no subscription, so NKEY ends it."),
	endsSubscription[smp.KEY]("sub/ended-by-key", "Securing a queue writes its row anew, without the subscriber in it."),
	{
		ID:     "sub/ended-by-que",
		Story:  "QUE of another connection is taken for a sign that the subscriber has gone.",
		Breaks: []string{"SMP-SUB-CONTINUES"},
		Cases:  []string{"relay/sub/continues"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.QUE, next fault.Execute) []relay.Output {
			if r.Queue.Subscriber() != s {
				r.Queue.Unsubscribe()
			}
			return next(s, r)
		}),
	},
	silencesNotifier[smp.KEY]("notify/ended-by-key", "Securing a queue writes its row anew, without the notifier's connection in it."),
	silencesNotifier[smp.SUB]("notify/ended-by-sub", "A recipient that has subscribed needs no notifications any more."),
	silencesNotifier[smp.GET]("notify/ended-by-get", "Who fetches messages with GET was woken up already, so notifications end there."),
	clearsMailbox[smp.NDEL]("delivery/cleared-by-ndel", "NDEL deletes what waits for the queue, which was meant to be the notifications.", wire.VersionRange{}),
	clearsMailbox[smp.LSET]("delivery/cleared-by-lset", "LSET creates the queue anew with its link, and with no messages.", fault.Since(smp.VersionShortLinks)),
	clearsMailbox[smp.KEY]("delivery/cleared-by-key", "KEY deletes the messages that came before the queue was secured, since anybody could have sent them.", wire.VersionRange{}),
	dropsLink[smp.RKEY]("link/dropped-by-rkey", "The link belongs to the key that made it, so RKEY removes it.", fault.Since(smp.VersionShortLinks)),
	dropsLink[smp.NDEL]("link/dropped-by-ndel", "NDEL removes everything that stands in the table of other ids of a queue.", fault.Since(smp.VersionShortLinks)),
}

// endsSubscription is a command that ends the subscription to its queue.
func endsSubscription[C smp.Command](id, story string) fault.Fault {
	return fault.Fault{
		ID:     id,
		Story:  story,
		Breaks: []string{"SMP-SUB-CONTINUES"},
		Cases:  []string{"relay/sub/continues"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ C, next fault.Execute) []relay.Output {
			outs := next(s, r)
			r.Queue.Unsubscribe()
			return outs
		}),
	}
}

// silencesNotifier is a command after which nothing is pushed to the notifier.
func silencesNotifier[C smp.Command](id, story string) fault.Fault {
	return fault.Fault{
		ID:     id,
		Story:  story,
		Breaks: []string{"SMP-NTF-NSUB-CONTINUES"},
		Cases:  []string{"relay/notify/nsub-continues"},
		Apply: fault.Remembering(func(silent *fault.Notes[*relay.Queue, bool]) func(*relay.Config) {
			return fault.Together(
				fault.Handles(func(s *relay.Session, r *relay.Request, _ C, next fault.Execute) []relay.Output {
					silent.Set(r.Queue, true)
					return next(s, r)
				}),
				fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
					if _, ok := silent.Get(q); !ok || out.Notification == nil {
						next(to, q, out)
					}
				}),
			)
		}),
	}
}

// clearsMailbox is a command that removes the messages of its queue.
func clearsMailbox[C smp.Command](id, story string, where wire.VersionRange) fault.Fault {
	return fault.Fault{
		ID:       id,
		Story:    story,
		Breaks:   []string{"SMP-MSG-KEPT"},
		Cases:    []string{"relay/delivery/undisturbed"},
		Versions: where,
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ C, next fault.Execute) []relay.Output {
			r.Queue.Mailbox().Clear()
			return next(s, r)
		}),
	}
}

// dropsLink is a command that executes LDEL besides.
func dropsLink[C smp.Command](id, story string, where wire.VersionRange) fault.Fault {
	return fault.Fault{
		ID:       id,
		Story:    story,
		Breaks:   []string{"SMP-LINK-UNDISTURBED"},
		Cases:    []string{"relay/link/undisturbed"},
		Versions: where,
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ C, next fault.Execute) []relay.Output {
			besides := *r
			besides.Command = smp.LDEL{}
			next(s, &besides)
			return next(s, r)
		}),
	}
}
