package main

import (
	"bytes"
	"fmt"
)

const recordingFormat = "smpcheck-recording-1"

// recordings are the names of the recordings.
var recordings = []string{
	"contact-link-v18", "duplex-v18-pq", "duplex-v6-nopq", "duplex-v7", "proxy-v18", "raw-v18", "raw-v9", "three-v18",
}

// serverFields are kept of each relay; its log repeats what the blocks say.
var serverFields = []string{"name", "address", "ca_certificate_pem", "certificate_pem", "private_key_pem"}

// convertRecording keeps what opens the messages of a recording, layer by layer: of the
// clients' databases the keys alone, of each ratchet its states and contents, no TLS
// keys.
func convertRecording(in, source object) ([]byte, error) {
	lists := map[string][]string{}
	for _, name := range []string{"participants", "servers", "connections", "notes", "blocks"} {
		values, ok := in[name].([]any)
		if !ok {
			return nil, fmt.Errorf("expected a list of %s, found %T", name, in[name])
		}
		for _, v := range values {
			if name == "servers" {
				v = pick(v.(object), serverFields)
			}
			lists[name] = append(lists[name], line(v))
		}
	}
	if len(lists["blocks"]) == 0 || len(lists["connections"]) == 0 {
		return nil, fmt.Errorf("expected connections and blocks, found none")
	}
	ends, err := agentsOf(in)
	if err != nil {
		return nil, err
	}
	for _, end := range ends {
		lists["agents"] = append(lists["agents"], line(end))
	}
	count := object{"connections": len(lists["connections"]), "blocks": len(lists["blocks"])}
	var b bytes.Buffer
	writeObject(&b, 0, []field{
		{"format", line(recordingFormat)},
		{"kind", line("recording")},
		{"name", line(in["name"])},
		{"what", line(in["what"])},
		{"source", line(source)},
		{"count", line(count)},
		{"client_options", line(in["client_options"])},
		{"participants", line(in["participants"])},
		{"servers", list(1, lists["servers"])},
		{"connections", list(1, lists["connections"])},
		{"notes", listOrNone(lists["notes"])},
		{"agents", listOrNone(lists["agents"])},
		{"blocks", list(1, lists["blocks"])},
	})
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func pick(o object, names []string) object {
	out := object{}
	for _, name := range names {
		out[name] = o[name]
	}
	return out
}

// listOrNone is a list that may be empty.
func listOrNone(elements []string) string {
	if len(elements) == 0 {
		return "[]"
	}
	return list(1, elements)
}
