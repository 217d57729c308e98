package main

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// Columns of the client's database and the names that they get, by table.
var (
	endColumns = map[string]string{
		"conn_id": "id", "conn_mode": "mode", "smp_agent_version": "agent_version", "pq_support": "pq_support",
		"last_internal_snd_msg_id": "sent_id", "last_snd_msg_hash": "sent_hash",
		"last_external_snd_msg_id": "received_id", "last_rcv_msg_hash": "received_hash",
	}
	receiveColumns = map[string]string{
		"rcv_id": "recipient_id", "snd_id": "sender_id", "queue_mode": "mode", "smp_client_version": "client_version",
		"rcv_private_key": "auth_private_der", "rcv_dh_secret": "dh_secret",
		"e2e_priv_key": "e2e_private_der", "e2e_dh_secret": "e2e_secret",
		"link_id": "link_id", "link_key": "link_key", "link_priv_sig_key": "link_private_der",
	}
	sendColumns = map[string]string{
		"snd_id": "sender_id", "queue_mode": "mode", "smp_client_version": "client_version",
		"snd_private_key": "auth_private_der", "e2e_pub_key": "e2e_public_der", "e2e_dh_secret": "e2e_secret",
	}
)

// agentsOf makes, of the databases and the ratchet events of a recording, one record for
// each end of a connection between agents: the keys that open its messages, and what the
// ratchet encrypted and decrypted in order. They are sorted by client and id.
func agentsOf(in object) ([]object, error) {
	clients, _ := in["client_state_after"].(object)
	var ends []object
	for client, tables := range clients {
		for _, row := range rows(tables, "connections") {
			end, err := agentEnd(client, row, tables.(object))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", client, err)
			}
			ends = append(ends, end)
		}
	}
	slices.SortFunc(ends, func(a, b object) int {
		return cmp.Or(cmp.Compare(a["client"].(string), b["client"].(string)), cmp.Compare(a["id"].(string), b["id"].(string)))
	})
	return ends, addSteps(ends, in["ratchet_events"])
}

// rows lists the rows of a table.
func rows(tables any, name string) []object {
	list, _ := tables.(object)[name].([]any)
	out := make([]object, len(list))
	for i := range list {
		out[i] = list[i].(object)
	}
	return out
}

func agentEnd(client string, row, tables object) (object, error) {
	end := rename(row, endColumns)
	end["client"], end["pq_support"] = client, fmt.Sprint(row["pq_support"]) == "1"
	end["receive_queue"], end["send_queue"], end["ratchet"] = nil, nil, nil
	for table, to := range map[string]struct {
		field   string
		columns map[string]string
	}{"rcv_queues": {"receive_queue", receiveColumns}, "snd_queues": {"send_queue", sendColumns}} {
		for _, queue := range rows(tables, table) {
			if queue["conn_id"] != row["conn_id"] {
				continue
			}
			if end[to.field] != nil {
				return nil, fmt.Errorf("connection %v: expected one row of %s, found two", row["conn_id"], table)
			}
			end[to.field] = rename(queue, to.columns)
		}
	}
	for _, stored := range rows(tables, "ratchets") {
		if stored["conn_id"] == row["conn_id"] {
			final, err := finalState(stored["ratchet_state"])
			if err != nil {
				return nil, err
			}
			end["ratchet"] = object{"initial": nil, "final": final, "steps": []any{}}
		}
	}
	return end, nil
}

func rename(row object, columns map[string]string) object {
	out := object{}
	for column, name := range columns {
		out[name] = row[column]
	}
	return out
}

// finalState reads the state of a database row: JSON text in hexadecimal.
func finalState(text any) (object, error) {
	packed, _ := text.(string)
	plain, err := hex.DecodeString(packed)
	if err != nil {
		return nil, fmt.Errorf("stored ratchet: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(plain))
	d.UseNumber()
	var stored object
	if err := d.Decode(&stored); err != nil {
		return nil, fmt.Errorf("stored ratchet: %w", err)
	}
	return stateOf(stored)
}

// addSteps gives each ratchet its events. Ratchets of one client are told apart by their
// associated data.
func addSteps(ends []object, events any) error {
	list, _ := events.([]any)
	var header object
	for i, event := range list {
		e := event.(object)
		if e["op"] == "header" {
			header = e // the body follows at once
			continue
		}
		before, step := e["state"], object{"op": e["op"], "plaintext": e["plaintext"]}
		switch e["op"] {
		case "encrypt":
			if header == nil || header["enc_header"] != e["enc_header"] || header["who"] != e["who"] {
				return fmt.Errorf("ratchet event %d: expected a header before the body", i)
			}
			before = header["state"]
			step["pq"], step["padded_len"], step["message_sha256"] = header["pq"], e["padded_len"], e["ciphertext_sha256"]
		case "decrypt":
			after, err := stateOf(e["new_state"])
			if err != nil {
				return fmt.Errorf("ratchet event %d: %w", i, err)
			}
			step["state_after"] = after
		}
		state, err := stateOf(before)
		if err != nil {
			return fmt.Errorf("ratchet event %d: %w", i, err)
		}
		r := ratchetOf(ends, e["who"], state["ad"])
		if r == nil {
			return fmt.Errorf("ratchet event %d: no connection of %v has this ratchet", i, e["who"])
		}
		if r["initial"] == nil {
			r["initial"] = state
		}
		r["steps"] = append(r["steps"].([]any), step)
	}
	return nil
}

func ratchetOf(ends []object, client, ad any) object {
	for _, end := range ends {
		if r, ok := end["ratchet"].(object); ok && end["client"] == client && r["final"].(object)["ad"] == ad {
			return r
		}
	}
	return nil
}
