package tlsprobe

import (
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
)

// clientHello holds what both ClientHellos of a handshake share, and what
// differs between them.
type clientHello struct {
	cfg       *Config
	random    []byte
	sessionID []byte
	shares    []*share
	cookie    []byte
	// ticket is offered as the only PSK; nil offers none.
	ticket *Ticket
}

// marshal gives the message; prefix is what the transcript holds before it.
func (h *clientHello) marshal(prefix []byte) ([]byte, error) {
	extensions, err := h.extensions()
	if err != nil {
		return nil, err
	}
	if h.ticket != nil {
		extensions = append(extensions, h.ticket.extension())
	}
	msg, err := message(msgClientHello, func(b *cryptobyte.Builder) {
		b.AddUint16(uint16(h.cfg.LegacyVersion))
		b.AddBytes(h.random)
		addOpaque8(b, h.sessionID)
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addIDs(b, h.cfg.CipherSuites) })
		addOpaque8(b, []byte{0})
		if len(extensions) == 0 {
			return
		}
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, ext := range extensions {
				b.AddUint16(uint16(ext.Type))
				addOpaque16(b, ext.Data)
			}
		})
	})
	if err == nil && h.ticket != nil {
		h.ticket.bind(msg, prefix)
	}
	return msg, err
}

// offersModern says whether TLS 1.3 is among the offered versions.
func (c *Config) offersModern() bool { return c.offersVersion(TLS13) }

// offersVersion says whether a server may choose v.
func (c *Config) offersVersion(v Version) bool {
	if len(c.SupportedVersions) > 0 {
		return slices.Contains(c.SupportedVersions, v)
	}
	return v <= min(c.LegacyVersion, TLS12)
}

// offersOld says whether a version below TLS 1.3 is offered.
func (c *Config) offersOld() bool {
	return len(c.SupportedVersions) == 0 ||
		slices.ContainsFunc(c.SupportedVersions, func(v Version) bool { return v < TLS13 })
}

// extensionRule is one extension of the ClientHello: when it is sent and what it holds.
type extensionRule struct {
	typ  ExtensionType
	when func(*clientHello) bool
	fill func(*clientHello, *cryptobyte.Builder)
}

// extensionRules are in the order of the message.
var extensionRules = []extensionRule{
	{ExtServerName, func(h *clientHello) bool { return h.cfg.ServerName != "" }, func(h *clientHello, b *cryptobyte.Builder) {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint8(0)
			addOpaque16(b, []byte(h.cfg.ServerName))
		})
	}},
	{ExtECPointFormats, offersOld, func(_ *clientHello, b *cryptobyte.Builder) { addOpaque8(b, []byte{0}) }},
	{ExtSupportedGroups, func(h *clientHello) bool { return len(h.cfg.Groups) > 0 }, func(h *clientHello, b *cryptobyte.Builder) {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addIDs(b, h.cfg.Groups) })
	}},
	{ExtALPN, func(h *clientHello) bool { return len(h.cfg.ALPN) > 0 }, func(h *clientHello, b *cryptobyte.Builder) {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, proto := range h.cfg.ALPN {
				addOpaque8(b, []byte(proto))
			}
		})
	}},
	{ExtExtendedMasterSecret, offersOld, func(*clientHello, *cryptobyte.Builder) {}},
	{ExtSignatureAlgorithms, func(h *clientHello) bool { return len(h.cfg.SignatureSchemes) > 0 }, func(h *clientHello, b *cryptobyte.Builder) {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addIDs(b, h.cfg.SignatureSchemes) })
	}},
	{ExtSupportedVersions, func(h *clientHello) bool { return len(h.cfg.SupportedVersions) > 0 }, func(h *clientHello, b *cryptobyte.Builder) {
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { addIDs(b, h.cfg.SupportedVersions) })
	}},
	{ExtCookie, func(h *clientHello) bool { return h.cookie != nil }, func(h *clientHello, b *cryptobyte.Builder) { addOpaque16(b, h.cookie) }},
	{ExtPSKModes, func(h *clientHello) bool { return h.cfg.PSKModes }, func(_ *clientHello, b *cryptobyte.Builder) {
		addOpaque8(b, []byte{1})
	}},
	{ExtKeyShare, func(h *clientHello) bool { return h.cfg.offersModern() }, func(h *clientHello, b *cryptobyte.Builder) {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, s := range h.shares {
				b.AddUint16(uint16(s.group))
				addOpaque16(b, s.public)
			}
		})
	}},
	{ExtRenegotiationInfo, offersOld, func(_ *clientHello, b *cryptobyte.Builder) { addOpaque8(b, nil) }},
}

func offersOld(h *clientHello) bool { return h.cfg.offersOld() }

// extensions gives all but pre_shared_key, with those of the caller worked in.
func (h *clientHello) extensions() ([]Extension, error) {
	extra := slices.Clone(h.cfg.ExtraExtensions)
	var list []Extension
	for _, rule := range extensionRules {
		replaced := slices.IndexFunc(extra, func(e Extension) bool { return e.Type == rule.typ })
		switch {
		case replaced >= 0:
			list = append(list, extra[replaced])
			extra = slices.Delete(extra, replaced, replaced+1)
		case rule.when(h):
			var b cryptobyte.Builder
			rule.fill(h, &b)
			data, err := b.Bytes()
			if err != nil {
				return nil, fmt.Errorf("%w: extension %s: %w", ErrConfig, rule.typ, err)
			}
			list = append(list, Extension{rule.typ, data})
		}
	}
	return append(list, extra...), nil
}

// offers says whether the ClientHello holds an extension, so that the server may
// answer it.
func (h *clientHello) offers(typ ExtensionType) bool {
	if slices.ContainsFunc(h.cfg.ExtraExtensions, func(e Extension) bool { return e.Type == typ }) {
		return true
	}
	if typ == ExtPreSharedKey {
		return h.ticket != nil
	}
	i := slices.IndexFunc(extensionRules, func(r extensionRule) bool { return r.typ == typ })
	return i >= 0 && extensionRules[i].when(h)
}

func addIDs[T ~uint16](b *cryptobyte.Builder, ids []T) {
	for _, id := range ids {
		b.AddUint16(uint16(id))
	}
}

func addOpaque8(b *cryptobyte.Builder, data []byte) {
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(data) })
}

func addOpaque16(b *cryptobyte.Builder, data []byte) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(data) })
}
