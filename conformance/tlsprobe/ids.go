package tlsprobe

import "fmt"

// Version is a protocol version as it stands on the wire (RFC 8446, "Supported Versions").
type Version uint16

// The versions that have a name.
const (
	SSL30 Version = 0x0300
	TLS10 Version = 0x0301
	TLS11 Version = 0x0302
	TLS12 Version = 0x0303
	TLS13 Version = 0x0304
)

// CipherSuite is a cipher suite as it stands on the wire (RFC 8446, "Cipher Suites").
type CipherSuite uint16

// The suites with which the probe completes a handshake. Any other may be offered.
const (
	AES128GCMSHA256        CipherSuite = 0x1301
	AES256GCMSHA384        CipherSuite = 0x1302
	ChaCha20Poly1305SHA256 CipherSuite = 0x1303
)

// Group is a named group of the key exchange (RFC 8446, "Supported Groups").
type Group uint16

// The groups with which the probe completes a handshake. Any other may be offered.
const (
	P256   Group = 0x0017
	X25519 Group = 0x001d
	X448   Group = 0x001e
)

// SignatureScheme is an algorithm of a CertificateVerify (RFC 8446, "Signature Algorithms").
type SignatureScheme uint16

// The schemes that the probe verifies. Any other may be offered.
const (
	ECDSAP256SHA256  SignatureScheme = 0x0403
	ECDSAP384SHA384  SignatureScheme = 0x0503
	RSAPSSRSAESHA256 SignatureScheme = 0x0804
	RSAPSSRSAESHA384 SignatureScheme = 0x0805
	RSAPSSRSAESHA512 SignatureScheme = 0x0806
	Ed25519          SignatureScheme = 0x0807
	Ed448            SignatureScheme = 0x0808
)

// ContentType is the type of a record (RFC 8446, "Record Layer").
type ContentType uint8

// The types of TLS 1.3.
const (
	ContentChangeCipherSpec ContentType = 20
	ContentAlert            ContentType = 21
	ContentHandshake        ContentType = 22
	ContentApplicationData  ContentType = 23
)

// ExtensionType names an extension of a hello (RFC 8446, "Extensions").
type ExtensionType uint16

// The extensions that the probe builds or reads itself.
const (
	ExtServerName           ExtensionType = 0
	ExtSupportedGroups      ExtensionType = 10
	ExtECPointFormats       ExtensionType = 11
	ExtSignatureAlgorithms  ExtensionType = 13
	ExtALPN                 ExtensionType = 16
	ExtPadding              ExtensionType = 21
	ExtExtendedMasterSecret ExtensionType = 23
	ExtPreSharedKey         ExtensionType = 41
	ExtEarlyData            ExtensionType = 42
	ExtSupportedVersions    ExtensionType = 43
	ExtCookie               ExtensionType = 44
	ExtPSKModes             ExtensionType = 45
	ExtCertAuthorities      ExtensionType = 47
	ExtOIDFilters           ExtensionType = 48
	ExtPostHandshakeAuth    ExtensionType = 49
	ExtSignatureAlgsCert    ExtensionType = 50
	ExtKeyShare             ExtensionType = 51
	ExtRenegotiationInfo    ExtensionType = 0xff01
)

var (
	versionNames = map[Version]string{
		SSL30: "SSL 3.0", TLS10: "TLS 1.0", TLS11: "TLS 1.1", TLS12: "TLS 1.2", TLS13: "TLS 1.3",
	}
	suiteNames = map[CipherSuite]string{
		AES128GCMSHA256:        "TLS_AES_128_GCM_SHA256",
		AES256GCMSHA384:        "TLS_AES_256_GCM_SHA384",
		ChaCha20Poly1305SHA256: "TLS_CHACHA20_POLY1305_SHA256",
	}
	groupNames  = map[Group]string{P256: "P-256", X25519: "X25519", X448: "X448"}
	schemeNames = map[SignatureScheme]string{
		ECDSAP256SHA256: "ecdsa_secp256r1_sha256", ECDSAP384SHA384: "ecdsa_secp384r1_sha384",
		RSAPSSRSAESHA256: "rsa_pss_rsae_sha256", RSAPSSRSAESHA384: "rsa_pss_rsae_sha384",
		RSAPSSRSAESHA512: "rsa_pss_rsae_sha512", Ed25519: "ed25519", Ed448: "ed448",
	}
	contentNames = map[ContentType]string{
		ContentChangeCipherSpec: "change_cipher_spec", ContentAlert: "alert",
		ContentHandshake: "handshake", ContentApplicationData: "application_data",
	}
	extensionNames = map[ExtensionType]string{
		ExtServerName: "server_name", ExtSupportedGroups: "supported_groups",
		ExtECPointFormats: "ec_point_formats", ExtSignatureAlgorithms: "signature_algorithms",
		ExtALPN: "application_layer_protocol_negotiation", ExtPadding: "padding",
		ExtExtendedMasterSecret: "extended_master_secret", ExtPreSharedKey: "pre_shared_key",
		ExtSupportedVersions: "supported_versions", ExtCookie: "cookie",
		ExtEarlyData: "early_data", ExtPSKModes: "psk_key_exchange_modes", ExtCertAuthorities: "certificate_authorities",
		ExtOIDFilters: "oid_filters", ExtPostHandshakeAuth: "post_handshake_auth",
		ExtSignatureAlgsCert: "signature_algorithms_cert", ExtKeyShare: "key_share",
		ExtRenegotiationInfo: "renegotiation_info",
	}
)

// name gives the name of id in table, or its number in hexadecimal.
func name[T ~uint8 | ~uint16](table map[T]string, id T) string {
	if s, ok := table[id]; ok {
		return s
	}
	return fmt.Sprintf("%#04x", uint16(id))
}

// String gives a name such as "TLS 1.3", or the number in hexadecimal.
func (v Version) String() string { return name(versionNames, v) }

// String gives the registered name, or the number in hexadecimal.
func (s CipherSuite) String() string { return name(suiteNames, s) }

// String gives a name such as "X25519", or the number in hexadecimal.
func (g Group) String() string { return name(groupNames, g) }

// String gives the registered name, or the number in hexadecimal.
func (s SignatureScheme) String() string { return name(schemeNames, s) }

// String gives the registered name, or the number in hexadecimal.
func (t ContentType) String() string { return name(contentNames, t) }

// String gives the registered name, or the number in hexadecimal.
func (t ExtensionType) String() string { return name(extensionNames, t) }
