package trace

import (
	"fmt"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// command decodes the command in a transmission.
func (d *decoder) command(tr smp.Transmission, version uint16, t *talk) Layer {
	l := Layer{Kind: KindCommand, Size: len(tr.Command)}
	if t != nil {
		t.plays(tr.Command)
	}
	c, err := smp.DecodeCommand(version, tr.Command)
	if err != nil {
		l.Summary, l.Error = undecodable("command", d.mask(tr.Command)), err.Error()
		return l
	}
	l.Summary, l.Fields = c.Tag(), d.fields(c)
	d.ask(tr, c)
	switch c := c.(type) {
	case smp.SEND:
		l.Summary += ", " + size(len(c.Body))
	case smp.PFWD:
		l.Layers = []Layer{d.parcel(tr.CorrelationID, c.Version, c.Key, c.Body)}
	case smp.RFWD:
		l.Layers = []Layer{d.forwardedCommand(tr, c, t)}
	}
	if len(l.Layers) == 1 {
		l.Summary += " (" + l.Layers[0].Summary + ")"
	}
	return l
}

// response decodes the response in a transmission.
func (d *decoder) response(tr smp.Transmission, version uint16, t *talk) Layer {
	l := Layer{Kind: KindResponse, Size: len(tr.Command)}
	c, err := smp.DecodeResponse(version, tr.Command)
	if err != nil {
		l.Summary, l.Error = undecodable("response", d.mask(tr.Command)), err.Error()
		return l
	}
	d.learn(tr, c)
	l.Summary, l.Fields = c.Tag(), d.fields(c)
	switch c := c.(type) {
	case smp.ERR:
		l.Summary += " " + c.Err.Error()
	case smp.MSG:
		l.Layers = []Layer{d.message(tr, c)}
	case smp.NMSG:
		l.Layers = []Layer{d.notification(tr, c)}
	case smp.PKEY:
		d.session(c)
	case smp.PRES:
		l.Layers = []Layer{d.parcelResponse(tr.CorrelationID, c.Body)}
	case smp.RRES:
		l.Layers = []Layer{d.forwardedResponse(tr, c, t)}
	}
	if len(l.Layers) == 1 {
		l.Summary += " (" + l.Layers[0].Summary + ")"
	}
	return l
}

// quoted is how many bytes of something undecodable its summary shows.
const quoted = 16

// undecodable describes the bytes in the place of a command or response.
func undecodable(what string, b []byte) string {
	if len(b) > quoted {
		return fmt.Sprintf("%s %q… of %s", what, b[:quoted], size(len(b)))
	}
	return fmt.Sprintf("%s %q", what, b)
}

// sealed is the layer of something that could not be decrypted.
func sealed(kind Kind, b []byte, err error) Layer {
	return Layer{Kind: kind, Summary: size(len(b)) + " encrypted", Error: err.Error(), Size: len(b)}
}

// message decrypts the body of MSG.
func (d *decoder) message(tr smp.Transmission, m smp.MSG) Layer {
	var content []byte
	err := d.open(d.deliveries, tr.EntityID, func(key *box.Key) (err error) {
		nonce := smp.CorrelationNonce(m.ID)
		content, err = box.OpenPadded(m.Body, &nonce, key)
		return err
	})
	if err != nil {
		return sealed(KindMessage, m.Body, err)
	}
	l := Layer{Kind: KindMessage, Size: len(content), Hex: d.hex(content)}
	decoded, err := smp.DecodeRcvMessage(content)
	switch {
	case err != nil:
		l.Summary, l.Error = size(len(content))+" decrypted", err.Error()
		return l
	case decoded.Quota:
		l.Summary = "marker of a full queue"
	default:
		l.Summary = "body of " + size(len(decoded.Body))
	}
	l.Fields = d.fields(decoded)
	return l
}

// notification decrypts the metadata of NMSG.
func (d *decoder) notification(tr smp.Transmission, m smp.NMSG) Layer {
	var content []byte
	err := d.open(d.notifications, tr.EntityID, func(key *box.Key) (err error) {
		content, err = box.OpenPadded(m.Meta, &m.Nonce, key)
		return err
	})
	if err != nil {
		return sealed(KindNotification, m.Meta, err)
	}
	l := Layer{Kind: KindNotification, Size: len(content), Hex: d.hex(content)}
	meta, err := smp.DecodeNMsgMeta(content)
	if err != nil {
		l.Summary, l.Error = size(len(content))+" decrypted", err.Error()
		return l
	}
	l.Summary, l.Fields = "message "+short(meta.MessageID), d.fields(meta)
	return l
}

// session notes the key of a destination that PKEY tells.
func (d *decoder) session(c smp.PKEY) {
	signed, err := keys.ParseSignedKey(c.SignedKey)
	if err != nil {
		return
	}
	if key, err := signed.PublicKey(); err == nil && key.Algorithm() == keys.X25519 {
		d.addServerKey(key)
	}
}
