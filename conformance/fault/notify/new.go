package notify

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// newFaults are mistakes with the notifier that NEW can ask for.
var newFaults = []fault.Fault{
	{
		ID:       "notify/new-without-notifier",
		Story:    "NEW reads the keys of a notifier and leaves enabling notifications to NKEY.",
		Breaks:   []string{"SMP-NEW-NOTIFIER"},
		Cases:    []string{"relay/notify/new-ids"},
		Versions: fault.Since(smp.VersionNotifierKeys),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.NEW, next fault.Execute) []relay.Output {
			c.Notifier = nil
			bare := *r
			bare.Command = c
			return next(s, &bare)
		}),
	},
	{
		ID:       "notify/new-notifier-forgotten",
		Story:    "The id of a notifier from NEW stands in IDS and is not entered where NSUB looks it up.",
		Breaks:   []string{"SMP-NTF-NEW-WORKS"},
		Cases:    []string{"relay/notify/new-works"},
		Versions: fault.Since(smp.VersionNotifierKeys),
		Apply:    forgetsNotifiersOfNEW(func(smp.NEW) bool { return true }),
	},
	{
		ID:       "notify/new-linked-without-notifier",
		Story:    "NEW with link data is executed by a function of its own, which knows of no notifiers.",
		Breaks:   []string{"SMP-NEW-NOTIFIER"},
		Cases:    []string{"relay/notify/new-linked"},
		Versions: fault.Since(smp.VersionNotifierKeys),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.NEW, next fault.Execute) []relay.Output {
			if isLinked(c) {
				c.Notifier = nil
			}
			changed := *r
			changed.Command = c
			return next(s, &changed)
		}),
	},
	{
		ID:       "notify/new-linked-notifier-forgotten",
		Story:    "The ids of a queue with link data are entered one by one, and that of its notifier is left out.",
		Breaks:   []string{"SMP-NTF-NEW-WORKS"},
		Cases:    []string{"relay/notify/new-linked"},
		Versions: fault.Since(smp.VersionNotifierKeys),
		Apply:    forgetsNotifiersOfNEW(isLinked),
	},
	{
		ID:       "notify/new-shows-another-key",
		Story:    "The key for notifications in IDS is made when the answer is written, and another one has agreed the secret.",
		Breaks:   []string{"SMP-NTF-NEW-WORKS"},
		Cases:    []string{"relay/notify/new-works"},
		Versions: fault.Since(smp.VersionNotifierKeys),
		Apply: fault.Alters[smp.NEW](func(_ *relay.Session, _ *relay.Request, ids smp.IDS) smp.Response {
			if ids.Notifier != nil {
				shown := fault.NewKey(keys.X25519).Public()
				ids.Notifier = &smp.NotifierCredentials{NotifierID: ids.Notifier.NotifierID, ServerDHKey: shown}
			}
			return ids
		}),
	},
	{
		ID:       "notify/new-any-dh-key",
		Story:    "NEW takes the bytes of the DH key for notifications whatever algorithm stands in front of them.",
		Breaks:   []string{"SMP-NTF-NEW-DH-KEY"},
		Cases:    []string{"relay/notify/new-dh-key"},
		Versions: fault.Since(smp.VersionNotifierKeys),
		Apply:    takesAnyKeyLast("NEW"),
	},
}

func isLinked(c smp.NEW) bool { return c.Request != nil && c.Request.Link != nil }

// forgetsNotifiersOfNEW does not find notifiers that some NEWs have made.
func forgetsNotifiersOfNEW(forgotten func(smp.NEW) bool) func(*relay.Config) {
	return fault.Remembering(func(made *fault.Notes[string, bool]) func(*relay.Config) {
		return fault.Together(
			fault.Handles(func(s *relay.Session, r *relay.Request, c smp.NEW, next fault.Execute) []relay.Output {
				outs := next(s, r)
				for i := range outs {
					if ids, ok := outs[i].Response.(smp.IDS); ok && ids.Notifier != nil && forgotten(c) {
						made.Set(string(ids.Notifier.NotifierID), true)
					}
				}
				return outs
			}),
			fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NSUB, next fault.Execute) []relay.Output {
				if known, _ := made.Get(string(r.Transmission.EntityID)); known {
					return fault.Refuse(r, smp.ErrAuth)
				}
				return next(s, r)
			}),
		)
	})
}
