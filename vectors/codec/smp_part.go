package codec

import (
	"strconv"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

// The parts that several commands and responses share, in their JSON forms.

func (p *formParser) key(der vectors.Hex) keys.PublicKey {
	k, err := keys.ParsePublic(der)
	if err != nil {
		p.fail(err)
	}
	return k
}

// bytes returns nil for null.
func (p *formParser) bytes(b *vectors.Hex) []byte {
	if b == nil {
		return nil
	}
	return *b
}

func (p *formParser) int64(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != text {
		p.fail(badRequest("%q is no integer of 64 bits", text))
	}
	return n
}

func int64Text(n int64) string { return strconv.FormatInt(n, 10) }

type linkDataForm struct {
	Fixed vectors.Hex `json:"enc_fixed_data"`
	User  vectors.Hex `json:"enc_user_data"`
}

func (f linkDataForm) data() smp.LinkData { return smp.LinkData{Fixed: f.Fixed, User: f.User} }

func linkDataOf(d smp.LinkData) linkDataForm { return linkDataForm{d.Fixed, d.User} }

var modeNames = map[string]smp.QueueMode{
	smp.Messaging.String(): smp.Messaging, smp.Contact.String(): smp.Contact,
}

func (p *formParser) mode(name string) smp.QueueMode {
	mode, ok := modeNames[name]
	if !ok {
		p.fail(badRequest("%q is no mode of a queue", name))
	}
	return mode
}

type notifierKeysForm struct {
	AuthKey vectors.Hex `json:"auth_key"`
	DHKey   vectors.Hex `json:"dh_key"`
}

func (p *formParser) notifierKeys(f notifierKeysForm) smp.NotifierKeys {
	return smp.NotifierKeys{AuthKey: p.key(f.AuthKey), DHKey: p.key(f.DHKey)}
}

func notifierKeysOf(k smp.NotifierKeys) notifierKeysForm {
	return notifierKeysForm{k.AuthKey.SPKI(), k.DHKey.SPKI()}
}

type queueRequestForm struct {
	Mode     string        `json:"mode"`
	LinkID   *vectors.Hex  `json:"link_id"`
	SenderID *vectors.Hex  `json:"sender_id"`
	LinkData *linkDataForm `json:"link_data"`
}

func (p *formParser) queueRequest(f *queueRequestForm) *smp.QueueRequest {
	if f == nil {
		return nil
	}
	q := &smp.QueueRequest{Mode: p.mode(f.Mode)}
	switch {
	case (f.SenderID == nil) != (f.LinkData == nil), f.LinkData == nil && f.LinkID != nil:
		p.fail(badRequest("a link has sender_id and link_data, what has no link has none of them"))
	case f.LinkData != nil && (f.LinkID != nil) != (q.Mode == smp.Contact):
		p.fail(badRequest("link_id belongs to the links of contact queues"))
	case f.LinkData != nil:
		q.Link = &smp.QueueLink{LinkID: p.bytes(f.LinkID), SenderID: *f.SenderID, Data: f.LinkData.data()}
	}
	return q
}

func queueRequestOf(q *smp.QueueRequest) *queueRequestForm {
	if q == nil {
		return nil
	}
	f := &queueRequestForm{Mode: q.Mode.String()}
	if q.Link != nil {
		data, sender := linkDataOf(q.Link.Data), vectors.Hex(q.Link.SenderID)
		f.LinkID, f.SenderID, f.LinkData = bytesOrNull(q.Link.LinkID), &sender, &data
	}
	return f
}

// serviceQueues makes the parameters of SUBS and NSUBS (counted says whether the count is
// sent) or SOKS and ENDS.
func (p *formParser) serviceQueues(count *string, hash *vectors.Hex, counted bool) smp.ServiceQueues {
	q := smp.ServiceQueues{Count: smp.UnknownCount}
	hashed := p.version >= smp.VersionServiceCounts
	if counted && count == nil || hashed && hash == nil {
		p.fail(errMissingPart)
	}
	if count != nil {
		q.Count = p.int64(*count)
	}
	if hash != nil {
		if len(*hash) != len(q.IDsHash) {
			p.fail(smp.ErrIDsHash)
		}
		copy(q.IDsHash[:], *hash)
	}
	return q
}

// hashOf is null at versions that do not send it.
func hashOf(version uint16, q smp.ServiceQueues) *vectors.Hex {
	if version < smp.VersionServiceCounts {
		return nil
	}
	return bytesOrNull(q.IDsHash[:])
}

// bytesOrNull returns null for nil.
func bytesOrNull(b []byte) *vectors.Hex {
	if b == nil {
		return nil
	}
	h := vectors.Hex(b)
	return &h
}
