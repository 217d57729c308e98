package relay

import (
	"bytes"
	"errors"
	"fmt"

	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// encodeService returns what is stored about a service besides its fingerprint.
func encodeService(v ServiceRecord) ([]byte, error) {
	w := wire.NewWriter(nil)
	w.Byte(recordVersion)
	w.Byte(byte(v.Role))
	w.Short(v.ID)
	return w.Bytes()
}

// decodeService reads a stored record. It shares nothing with its arguments. It
// returns ErrRecord.
func decodeService(fingerprint, record []byte) (ServiceRecord, error) {
	var v ServiceRecord
	r := wire.NewReader(record)
	version := r.Byte()
	if r.Err() == nil && version != recordVersion {
		return v, fmt.Errorf("%w: version %d of a service, expected %d", ErrRecord, version, recordVersion)
	}
	v.Role, v.ID = transport.Role(r.Byte()), bytes.Clone(r.Short())
	if err := r.Close(); err != nil {
		return v, fmt.Errorf("%w: service: %w", ErrRecord, err)
	}
	switch v.Role {
	case transport.RoleMessaging, transport.RoleNotifier, transport.RoleProxy:
	default:
		return v, fmt.Errorf("%w: role %d of a service", ErrRecord, v.Role)
	}
	if copy(v.Fingerprint[:], fingerprint) != len(v.Fingerprint) || len(fingerprint) != len(v.Fingerprint) || len(v.ID) == 0 {
		return v, fmt.Errorf("%w: service without fingerprint or id", ErrRecord)
	}
	return v, nil
}

// putNotifier writes what is stored about a notifier: not what waits for it.
func putNotifier(w *wire.Writer, n *Notifier) {
	w.Short(n.ID)
	putKey(w, n.AuthKey)
	w.Raw(n.MetaKey[:])
}

func readNotifier(r *wire.Reader) Notifier {
	n := Notifier{ID: bytes.Clone(r.Short()), AuthKey: readKey(r)}
	copy(n.MetaKey[:], r.Take(len(n.MetaKey)))
	return n
}

// readService reads the id of the service that something of a queue belongs to.
func readService(r *wire.Reader, role transport.Role) *service {
	id := r.Short()
	if len(id) == 0 {
		r.Fail(errNoServiceID)
	}
	return &service{ServiceRecord: ServiceRecord{ID: bytes.Clone(id), Role: role}}
}

var (
	errNoServiceID = errors.New("service without id")
	errNoNotifier  = errors.New("notifications belong to a service, but there is no notifier")
)

func readNotifierService(r *wire.Reader, q *Queue) {
	if q.notifier == nil {
		r.Fail(errNoNotifier)
		return
	}
	q.notifier.service = readService(r, transport.RoleNotifier)
}
