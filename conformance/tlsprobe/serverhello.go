package tlsprobe

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"fmt"
	"slices"

	"github.com/cloudflare/circl/sign/ed448"
	"golang.org/x/crypto/cryptobyte"
)

// offer is what a server takes from a ClientHello.
type offer struct {
	sessionID []byte
	suites    []CipherSuite
	versions  []Version
	groups    []Group
	schemes   []SignatureScheme
	shares    map[Group][]byte
	alpn      []string
	// pskModes says that the client can resume, ticket is the first that it offers.
	pskModes bool
	ticket   []byte
}

// choice is what the server makes of an offer.
type choice struct {
	suite  CipherSuite
	group  Group
	scheme SignatureScheme
}

func parseClientHello(body []byte) (*offer, error) {
	s := cryptobyte.String(body)
	o := &offer{shares: map[Group][]byte{}}
	var ids, compression, block cryptobyte.String
	if !s.Skip(2+32) || !s.ReadUint8LengthPrefixed((*cryptobyte.String)(&o.sessionID)) ||
		!s.ReadUint16LengthPrefixed(&ids) || !readIDs(&ids, &o.suites) || !s.ReadUint8LengthPrefixed(&compression) {
		return nil, malformed(msgClientHello, "fixed part")
	}
	if !s.Empty() && (!s.ReadUint16LengthPrefixed(&block) || !s.Empty()) {
		return nil, malformed(msgClientHello, "extensions")
	}
	extensions, err := parseExtensions(msgClientHello, block)
	if err != nil {
		return nil, err
	}
	for _, ext := range extensions {
		if read, ok := clientHelloExtensions[ext.Type]; ok {
			if d := cryptobyte.String(ext.Data); !read(o, &d) || !d.Empty() {
				return nil, malformed(msgClientHello, ext.Type.String())
			}
		}
	}
	return o, nil
}

var clientHelloExtensions = map[ExtensionType]func(*offer, *cryptobyte.String) bool{
	ExtSupportedVersions: func(o *offer, d *cryptobyte.String) bool {
		var list cryptobyte.String
		return d.ReadUint8LengthPrefixed(&list) && readIDs(&list, &o.versions)
	},
	ExtSupportedGroups:     func(o *offer, d *cryptobyte.String) bool { return readIDList(d, &o.groups) },
	ExtSignatureAlgorithms: func(o *offer, d *cryptobyte.String) bool { return readIDList(d, &o.schemes) },
	ExtKeyShare: func(o *offer, d *cryptobyte.String) bool {
		var list cryptobyte.String
		if !d.ReadUint16LengthPrefixed(&list) {
			return false
		}
		for !list.Empty() {
			var group uint16
			var share cryptobyte.String
			if !list.ReadUint16(&group) || !list.ReadUint16LengthPrefixed(&share) {
				return false
			}
			o.shares[Group(group)] = share
		}
		return true
	},
	ExtALPN: func(o *offer, d *cryptobyte.String) bool {
		var list cryptobyte.String
		if !d.ReadUint16LengthPrefixed(&list) {
			return false
		}
		for !list.Empty() {
			var name cryptobyte.String
			if !list.ReadUint8LengthPrefixed(&name) {
				return false
			}
			o.alpn = append(o.alpn, string(name))
		}
		return true
	},
	ExtPSKModes: func(o *offer, d *cryptobyte.String) bool {
		var modes cryptobyte.String
		ok := d.ReadUint8LengthPrefixed(&modes)
		o.pskModes = slices.Contains(modes, 1)
		return ok
	},
	ExtPreSharedKey: func(o *offer, d *cryptobyte.String) bool {
		var identities, binders cryptobyte.String
		return d.ReadUint16LengthPrefixed(&identities) && d.ReadUint16LengthPrefixed(&binders) &&
			identities.ReadUint16LengthPrefixed((*cryptobyte.String)(&o.ticket))
	},
}

func readIDList[T ~uint16](d *cryptobyte.String, ids *[]T) bool {
	var list cryptobyte.String
	return d.ReadUint16LengthPrefixed(&list) && readIDs(&list, ids)
}

func readIDs[T ~uint16](list *cryptobyte.String, ids *[]T) bool {
	for !list.Empty() {
		var id uint16
		if !list.ReadUint16(&id) {
			return false
		}
		*ids = append(*ids, T(id))
	}
	return true
}

// choose picks the first of what the server accepts that the client offers.
func (c *ServerConfig) choose(o *offer) (choice, error) {
	if !slices.Contains(o.versions, TLS13) {
		return choice{}, violation(AlertProtocolVersion, "the client does not offer %s", TLS13)
	}
	suite, okSuite := firstCommon(c.CipherSuites, o.suites)
	group, okGroup := firstCommon(c.Groups, o.groups)
	for _, g := range c.Groups {
		if o.shares[g] != nil {
			group, okGroup = g, true
			break
		}
	}
	scheme, err := serverScheme(c.Certificate)
	if err != nil {
		return choice{}, err
	}
	if !okSuite || !okGroup || !slices.Contains(o.schemes, scheme) {
		return choice{}, violation(AlertHandshakeFailure, "the client offers no cipher suite, group or signature scheme that is accepted")
	}
	return choice{suite, group, scheme}, nil
}

func firstCommon[T comparable](own, offered []T) (first T, ok bool) {
	i := slices.IndexFunc(own, func(id T) bool { return slices.Contains(offered, id) })
	if i < 0 {
		return first, false
	}
	return own[i], true
}

// serverScheme is the scheme that the key of a certificate signs with.
func serverScheme(c *Certificate) (SignatureScheme, error) {
	switch key := c.Key.Public().(type) {
	case ed25519.PublicKey:
		return Ed25519, nil
	case ed448.PublicKey:
		return Ed448, nil
	case *ecdsa.PublicKey:
		return ECDSAP256SHA256, nil
	default:
		return 0, fmt.Errorf("%w: a server key of type %T", ErrConfig, key)
	}
}

// marshal writes the body of a Certificate message in the handshake.
func (c *Certificate) marshal(b *cryptobyte.Builder) {
	b.AddUint8(0)
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, der := range c.Chain {
			b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(der) })
			b.AddUint16(0)
		}
	})
}

func addExtensions(b *cryptobyte.Builder, extensions []Extension) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, ext := range extensions {
			b.AddUint16(uint16(ext.Type))
			addOpaque16(b, ext.Data)
		}
	})
}
