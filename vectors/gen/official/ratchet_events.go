package main

import "fmt"

// ratchetRecordings are the recordings of which the ratchet events become tests.
var ratchetRecordings = []string{"duplex-v18-pq", "duplex-v6-nopq"}

var recordedRatchet = kind{
	name: "ratchet_recorded",
	what: "what the ratchets of official clients did in the recordings duplex-v18-pq (with KEM) and duplex-v6-nopq (without)",
	notes: []string{
		"The ids name the recording and count its events of the group in time order; what names the client. Each test stands alone: it begins with the state.",
		"States have the form of the kind ratchet. Keys of skipped messages were not recorded; none are needed.",
		"encrypt: pq is the wish for KEM keys (null leaves it as it is); message_sha256 is the digest of the whole encrypted message, which is the message of a test in the group decrypt.",
		"decrypt: keys that were made in the step are in state_after (dh_self_private, kem.self, kem.accepted).",
	},
	groups: map[string]string{
		"encrypt": "encrypting a message of an agent",
		"decrypt": "decrypting it on the other side",
	},
}

// ratchetRecords makes records of the ratchet events of a recording.
func ratchetRecords(name string, in object) ([]any, error) {
	events, ok := in["ratchet_events"].([]any)
	if !ok || len(events) == 0 {
		return nil, fmt.Errorf("expected ratchet events, found %T", in["ratchet_events"])
	}
	var records []any
	counts := map[string]int{}
	add := func(group string, e, inputs, output object) {
		records = append(records, object{
			"id":   fmt.Sprintf("%s/%s/%d", group, name, counts[group]),
			"what": fmt.Sprintf("%ss as %v", group, e["who"]), "inputs": inputs, "output": output,
		})
		counts[group]++
	}
	headers := map[any]object{} // by encrypted header, until the body is encrypted
	for i, event := range events {
		e := event.(object)
		switch e["op"] {
		case "header":
			headers[e["enc_header"]] = e
		case "encrypt":
			h, found := headers[e["enc_header"]]
			if !found {
				return nil, fmt.Errorf("ratchet event %d: expected a header before the body", i)
			}
			delete(headers, e["enc_header"])
			state, err := stateOf(h["state"])
			if err != nil {
				return nil, fmt.Errorf("ratchet event %d: %w", i, err)
			}
			add("encrypt", e,
				object{"state": state, "pq": h["pq"], "padded_len": e["padded_len"], "plaintext": e["plaintext"]},
				object{
					"enc_header": e["enc_header"], "message_key": e["mk"], "message_iv": e["iv"],
					"message_sha256": e["ciphertext_sha256"],
				})
		case "decrypt":
			before, err := stateOf(e["state"])
			if err != nil {
				return nil, fmt.Errorf("ratchet event %d: %w", i, err)
			}
			after, err := stateOf(e["new_state"])
			if err != nil {
				return nil, fmt.Errorf("ratchet event %d: %w", i, err)
			}
			add("decrypt", e,
				object{"state": before, "message": e["ciphertext"]},
				object{"plaintext": e["plaintext"], "state_after": after})
		default:
			return nil, fmt.Errorf("ratchet event %d: unknown operation %v", i, e["op"])
		}
	}
	if len(headers) > 0 {
		return nil, fmt.Errorf("expected a body for each header, found %d without", len(headers))
	}
	return records, nil
}
