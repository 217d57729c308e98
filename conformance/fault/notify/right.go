package notify

import (
	"slices"
	"strings"

	"smpcheck/conformance/fault"
)

// rightFaults are relays that let a notifier do what is not its business.
var rightFaults = slices.Concat(notifierReads(), notifierControls(), []fault.Fault{
	{
		ID:     "notify/sends-under-notifier-id",
		Story:  "SEND finds the queue by any id that is not the recipient's.",
		Breaks: []string{"SMP-NTF-NO-SENDING"},
		Cases:  []string{"relay/notify/no-sending"},
		Apply:  foundBy("SEND", senderOf, is(notifierOf)),
	},
	{
		ID:     "notify/sends-by-notifier-key",
		Story:  "The key of the notifier is one that the queue knows, so SEND is also verified with it.",
		Breaks: []string{"SMP-NTF-NO-SENDING"},
		Cases:  []string{"relay/notify/no-sending"},
		Apply:  byKeyOf(notifierKeyOf, "SEND"),
	},
})

// notifierReads are relays that give messages to who knows the id of the notifier.
func notifierReads() (faults []fault.Fault) {
	for _, f := range []struct{ tag, story string }{
		{"SUB", "SUB finds the queue by the id of its notifier too, if the recipient's key authorizes it."},
		{"GET", "GET was made for clients that notifications wake up, and takes the id that came with them."},
		{"ACK", "ACK finds the queue by the id of its notifier too."},
	} {
		faults = append(faults, fault.Fault{
			ID: "notify/" + strings.ToLower(f.tag) + "-under-notifier-id", Story: f.story,
			Breaks: []string{"SMP-NTF-NO-MESSAGES"},
			Cases:  []string{"relay/notify/no-messages"},
			Apply:  foundBy(f.tag, recipientOf, is(notifierOf)),
		})
	}
	return append(faults, fault.Fault{
		ID:     "notify/notifier-receives",
		Story:  "A notifier is a recipient that does not delete: GET takes its id and its key.",
		Breaks: []string{"SMP-NTF-NO-MESSAGES"},
		Cases:  []string{"relay/notify/no-messages", "relay/notify/no-control"},
		Apply:  fault.Together(foundBy("GET", recipientOf, is(notifierOf)), byKeyOf(notifierKeyOf, "GET")),
	})
}

// notifierControls are relays that verify commands of the recipient with the notifier's
// key too.
func notifierControls() (faults []fault.Fault) {
	for _, tag := range []string{"SUB", "GET", "QUE", "OFF", "DEL", "KEY"} {
		faults = append(faults, fault.Fault{
			ID:     "notify/" + strings.ToLower(tag) + "-by-notifier-key",
			Story:  "All keys of a queue stand in one list, and " + tag + " is verified with each of them.",
			Breaks: []string{"SMP-AUTH-WRONG-KEY"},
			Cases:  []string{"relay/notify/no-control"},
			Apply:  byKeyOf(notifierKeyOf, tag),
		})
	}
	return faults
}
