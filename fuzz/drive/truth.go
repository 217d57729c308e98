package drive

import (
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// session is what the reading of a transmission depends on.
type session struct {
	version uint16
	id      []byte
	// relayKey is the key that authenticators are made with, zero for none.
	relayKey keys.PublicKey
	// secret is that of a connection between relays, nil for none.
	secret []byte
	tunnel *tunnel
}

func (l *line) session() session {
	return session{version: l.version, id: l.conn.SessionID, relayKey: l.relayKey, secret: l.secret, tunnel: l.tunnel}
}

// truth reads a transmission as the strict codec does. The envelope is that of what it
// forwards, nil for nothing that opens.
func (r *runner) truth(s session, raw []byte) (Sent, *envelope) {
	sent := Sent{Raw: raw, AuthorizedBy: func(keys.PublicKey) bool { return false }}
	t, err := smp.DecodeTransmission(s.version, raw)
	if err != nil {
		sent.Refusal = smp.ErrBlock
		return sent, nil
	}
	sent.Refusal = smp.AnswerTo(smp.ReceiveCommand(s.version, s.id, raw).Err)
	if sent.Refusal.Equal(smp.ErrBlock) {
		return sent, nil
	}
	sent.Transmission = t
	if c, err := smp.DecodeCommand(s.version, t.Command); err == nil {
		sent.Command = c
	}
	sent.AuthorizedBy = r.authorizedBy(s, t)
	e := r.envelope(s, sent)
	if e != nil {
		sent.Forwarded = e.inside
	}
	return sent, e
}

// authorizedBy reports by which keys a transmission is authorized.
func (r *runner) authorizedBy(s session, t smp.Transmission) func(keys.PublicKey) bool {
	return func(key keys.PublicKey) bool {
		authorized, err := t.Authorized(s.id)
		if err != nil {
			return false
		}
		if key.Algorithm() != keys.X25519 {
			return keys.Verify(key, authorized, t.Authorization)
		}
		private, known := r.keys[key]
		if !known || len(t.Authorization) != box.AuthenticatorSize {
			return false
		}
		agreed, err := box.Agree(private, s.relayKey)
		return err == nil && smp.VerifyBox(t.Authorization, authorized, t.CorrelationID, agreed)
	}
}
