package tlsprobe

import "fmt"

// Alert is the description of an alert (RFC 8446, "Alert Protocol").
type Alert uint8

// The alerts that the probe sends or treats specially. The name table holds all.
const (
	AlertCloseNotify          Alert = 0
	AlertUnexpectedMessage    Alert = 10
	AlertBadRecordMAC         Alert = 20
	AlertRecordOverflow       Alert = 22
	AlertHandshakeFailure     Alert = 40
	AlertBadCertificate       Alert = 42
	AlertIllegalParameter     Alert = 47
	AlertDecodeError          Alert = 50
	AlertDecryptError         Alert = 51
	AlertProtocolVersion      Alert = 70
	AlertInternalError        Alert = 80
	AlertUserCanceled         Alert = 90
	AlertMissingExtension     Alert = 109
	AlertUnsupportedExtension Alert = 110
	AlertCertificateRequired  Alert = 116
	AlertNoApplicationProto   Alert = 120
)

// AlertLevel is the level of an alert; TLS 1.3 keeps it and gives it no meaning.
type AlertLevel uint8

// The two levels.
const (
	LevelWarning AlertLevel = 1
	LevelFatal   AlertLevel = 2
)

var levelNames = map[AlertLevel]string{LevelWarning: "warning", LevelFatal: "fatal"}

var alertNames = map[Alert]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed",
	22: "record_overflow", 30: "decompression_failure", 40: "handshake_failure",
	41: "no_certificate", 42: "bad_certificate", 43: "unsupported_certificate",
	44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
	47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error",
	51: "decrypt_error", 60: "export_restriction", 70: "protocol_version",
	71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback",
	90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
	110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
	113: "bad_certificate_status_response", 114: "bad_certificate_hash_value",
	115: "unknown_psk_identity", 116: "certificate_required", 120: "no_application_protocol",
	121: "ech_required",
}

// String gives the registered name, or the number in hexadecimal.
func (a Alert) String() string { return name(alertNames, a) }

// String gives "warning", "fatal", or the number in hexadecimal.
func (l AlertLevel) String() string { return name(levelNames, l) }

// AlertError is an alert that the peer sent. A close_notify after the handshake
// is io.EOF for a reader; in the handshake it is an AlertError like any other.
type AlertError struct {
	Level       AlertLevel
	Description Alert
}

// Error names the alert and its number.
func (e *AlertError) Error() string {
	return fmt.Sprintf("the peer sent alert %s (%d), level %s", e.Description, uint8(e.Description), e.Level)
}
