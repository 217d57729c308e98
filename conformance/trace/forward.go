package trace

import (
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// parcel decrypts a command between a client and the destination.
func (d *decoder) parcel(correlationID []byte, version uint16, client keys.PublicKey, body []byte) Layer {
	nonce, err := smp.CorrelationNonce(correlationID), d.noKey
	for i := len(d.servers) - 1; i >= 0; i-- {
		key, keyErr := d.agree(client, d.servers[i])
		if keyErr != nil {
			continue
		}
		var padded []byte
		if padded, err = box.Open(nil, body, &nonce, &key); err == nil {
			d.parcels[string(correlationID)] = parcel{key, version}
			return d.forwardedBlock(padded, version, false)
		}
	}
	return sealed(KindForwarded, body, err)
}

// parcelResponse decrypts the response between the destination and a client.
func (d *decoder) parcelResponse(correlationID, body []byte) Layer {
	p, known := d.parcels[string(correlationID)]
	if !known {
		return sealed(KindForwarded, body, d.noKey)
	}
	nonce := smp.CorrelationNonce(correlationID).Reverse()
	padded, err := box.Open(nil, body, &nonce, &p.key)
	if err != nil {
		return sealed(KindForwarded, body, err)
	}
	return d.forwardedBlock(padded, p.version, true)
}

// forwardedBlock decodes what client and destination encrypt for each other.
func (d *decoder) forwardedBlock(padded []byte, version uint16, relay bool) Layer {
	l := Layer{Kind: KindForwarded, Summary: size(len(padded)) + " decrypted", Size: len(padded)}
	content, err := wire.Unpad(padded)
	if err == nil {
		l.Size = len(content)
		err = d.transmissions(&l, content, &talk{version: version}, relay)
	} else {
		content = padded
	}
	if err != nil {
		l.Error = err.Error()
	}
	l.Hex = d.hex(content)
	return l
}

// forwardingKey is the key between proxy and relay on a connection.
func (d *decoder) forwardingKey(t *talk) (*box.Key, error) {
	if t == nil {
		return nil, d.noKey
	}
	if t.forwarding != nil {
		return t.forwarding, nil
	}
	ours, theirs := t.clientKey, t.relayKey
	if t.greeted {
		ours, theirs = t.private.Public(), t.peer
	}
	private, known := d.privates[ours]
	if !known || theirs.IsZero() {
		return nil, d.noKey
	}
	secret, err := private.DH(theirs)
	if err != nil {
		return nil, err
	}
	key, err := box.DeriveKey(secret)
	if err != nil {
		return nil, err
	}
	t.forwarding = &key
	return t.forwarding, nil
}

// forwardedCommand takes the encryption of a proxy off RFWD.
func (d *decoder) forwardedCommand(tr smp.Transmission, c smp.RFWD, t *talk) Layer {
	nonce := smp.CorrelationNonce(tr.CorrelationID)
	content, err := d.openForwarding(c.Body, &nonce, t)
	if err != nil {
		return sealed(KindForwarded, c.Body, err)
	}
	l := Layer{Kind: KindForwarded, Summary: size(len(content)) + " decrypted", Size: len(content), Hex: d.hex(content)}
	f, err := smp.DecodeForwardedCommand(content)
	if err != nil {
		l.Error = err.Error()
		return l
	}
	l.Fields = d.fields(f)
	inner := d.parcel(f.CorrelationID, f.Version, f.Key, f.Body)
	l.Summary, l.Layers = inner.Summary, []Layer{inner}
	return l
}

// forwardedResponse takes the encryption of a proxy off RRES.
func (d *decoder) forwardedResponse(tr smp.Transmission, c smp.RRES, t *talk) Layer {
	nonce := smp.CorrelationNonce(tr.CorrelationID).Reverse()
	content, err := d.openForwarding(c.Body, &nonce, t)
	if err != nil {
		return sealed(KindForwarded, c.Body, err)
	}
	l := Layer{Kind: KindForwarded, Summary: size(len(content)) + " decrypted", Size: len(content), Hex: d.hex(content)}
	f, err := smp.DecodeForwardedResponse(content)
	if err != nil {
		l.Error = err.Error()
		return l
	}
	l.Fields = d.fields(f)
	inner := d.parcelResponse(f.CorrelationID, f.Body)
	l.Summary, l.Layers = inner.Summary, []Layer{inner}
	return l
}

func (d *decoder) openForwarding(body []byte, nonce *box.Nonce, t *talk) ([]byte, error) {
	key, err := d.forwardingKey(t)
	if err != nil {
		return nil, err
	}
	return box.Open(nil, body, nonce, key)
}
