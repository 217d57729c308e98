package probe

import (
	"encoding/hex"
	"fmt"
	"strings"

	"smpcheck/reference/smp"
)

// idShown is how many bytes of an id a description shows.
const idShown = 4

// describe names a response as reports show it: errors in full, ids shortened.
func describe(r smp.Response) string {
	switch r := r.(type) {
	case nil:
		return "no response"
	case smp.ERR:
		return "ERR " + r.Err.Error()
	case smp.MSG:
		return fmt.Sprintf("MSG %s with %d bytes", short(r.ID), len(r.Body))
	case smp.IDS:
		return fmt.Sprintf("IDS recipient %s sender %s", short(r.RecipientID), short(r.SenderID))
	case smp.SOK:
		if r.ServiceID != nil {
			return "SOK with the service id " + short(r.ServiceID)
		}
	case smp.SOKS:
		return fmt.Sprintf("SOKS with count %d and hash %s", r.Count, short(r.IDsHash[:]))
	case smp.ENDS:
		return fmt.Sprintf("ENDS with count %d and hash %s", r.Count, short(r.IDsHash[:]))
	}
	return r.Tag()
}

// describeAll names responses that a rule allows.
func describeAll(rs []smp.Response) string {
	names := make([]string, len(rs))
	for i, r := range rs {
		names[i] = describe(r)
	}
	return strings.Join(names, " or ")
}

// short shows the start of an id.
func short(id []byte) string {
	if len(id) <= idShown {
		return hex.EncodeToString(id)
	}
	return hex.EncodeToString(id[:idShown]) + "…"
}
