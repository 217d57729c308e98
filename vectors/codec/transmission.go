package codec

import (
	"errors"

	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

var transmissions = area{
	operations: map[string]handler{
		"encode_transmission":    operation(encodeTransmission),
		"decode_transmission":    operation(decodeTransmission),
		"unauthorized_part":      operation(unauthorizedPart),
		"encode_authorization":   operation(encodeAuthorization),
		"check_session":          operation(checkSession),
		"authorization_scheme":   operation(authorizationScheme),
		"authorize_transmission": operation(authorizeTransmission),
		"authorize_by_service":   operation(authorizeByService),
		"verify_authorization":   operation(verifyAuthorization),
		"verify_transmission":    operation(verifyTransmission),
		"receive_commands":       operation(receiveCommands),
	},
	classes: []class{
		{smp.ErrAuthorizationSize, "AuthorizationSize"},
		{smp.ErrServiceSignature, "ServiceSignature"},
		{smp.ErrSessionID, "OtherSession"},
		{smp.ErrNoServerKey, "NoServerKey"},
		{smp.ErrService, "NotService"},
		{smp.ErrServiceKey, "WrongKeyType"},
		{smp.ErrKeyAlgorithm, "WrongKeyType"},
	},
}

// sentParts are the parts of a transmission that every version has.
type sentParts struct {
	CorrelationID vectors.Hex `json:"correlation_id"`
	EntityID      vectors.Hex `json:"entity_id"`
	Command       vectors.Hex `json:"command"`
}

func partsOf(t smp.Transmission) sentParts { return sentParts{t.CorrelationID, t.EntityID, t.Command} }

// sessionParts are a command in a session.
type sessionParts struct {
	Version   uint16      `json:"version"`
	SessionID vectors.Hex `json:"session_id"`
	sentParts
}

// transmission returns the transmission, and the session id if it is sent.
func (p sessionParts) transmission() (*smp.Transmission, *vectors.Hex) {
	t := &smp.Transmission{CorrelationID: p.CorrelationID, EntityID: p.EntityID, Command: p.Command}
	if p.Version >= smp.VersionAuthenticators {
		return t, nil
	}
	t.SessionID = p.SessionID
	return t, &p.SessionID
}

type authorizationParts struct {
	Authorization    vectors.Hex  `json:"authorization"`
	ServiceSignature *vectors.Hex `json:"service_signature"`
}

func (a authorizationParts) setOn(t *smp.Transmission) {
	t.Authorization = a.Authorization
	if a.ServiceSignature != nil {
		t.ServiceSignature = *a.ServiceSignature
	}
}

func authorizationOf(t *smp.Transmission) authorizationParts {
	return authorizationParts{t.Authorization, optional(t.ServiceSignature)}
}

// optional returns null for nil.
func optional(b []byte) *vectors.Hex {
	if b == nil {
		return nil
	}
	h := vectors.Hex(b)
	return &h
}

type transmissionInputs struct {
	sessionParts
	authorizationParts
}

type encodedTransmission struct {
	Authorized    vectors.Hex  `json:"authorized"`
	SentSessionID *vectors.Hex `json:"sent_session_id"`
	Transmission  vectors.Hex  `json:"transmission"`
}

func encodeTransmission(in transmissionInputs) (encodedTransmission, error) {
	t, sent := in.transmission()
	in.setOn(t)
	authorized, err := t.Authorized(in.SessionID)
	if err != nil {
		return encodedTransmission{}, err
	}
	b, err := t.Encode(in.Version)
	return encodedTransmission{authorized, sent, b}, err
}

type versionedTransmission struct {
	Version      uint16      `json:"version"`
	Transmission vectors.Hex `json:"transmission"`
}

type decodedTransmission struct {
	authorizationParts
	SentSessionID *vectors.Hex `json:"sent_session_id"`
	sentParts
}

func decodeTransmission(in versionedTransmission) (decodedTransmission, error) {
	t, err := smp.DecodeTransmission(in.Version, in.Transmission)
	if err != nil {
		return decodedTransmission{}, err
	}
	out := decodedTransmission{authorizationParts: authorizationOf(&t), sentParts: partsOf(t)}
	if in.Version < smp.VersionAuthenticators {
		id := vectors.Hex(t.SessionID)
		out.SentSessionID = &id
	}
	return out, nil
}

type partToSend struct {
	ToSend     vectors.Hex `json:"to_send"`
	Authorized vectors.Hex `json:"authorized"`
}

func unauthorizedPart(in sessionParts) (partToSend, error) {
	t, _ := in.transmission()
	authorized, err := t.Authorized(in.SessionID)
	if err != nil {
		return partToSend{}, err
	}
	b, err := t.Encode(in.Version)
	if err != nil {
		return partToSend{}, err
	}
	return partToSend{b[1:], authorized}, nil // without the empty authorization
}

type versionedAuthorization struct {
	Version uint16 `json:"version"`
	authorizationParts
}

func encodeAuthorization(in versionedAuthorization) (encoded, error) {
	bare := sessionParts{Version: in.Version}
	t, _ := bare.transmission()
	rest, err := t.Encode(in.Version)
	if err != nil {
		return encoded{}, err
	}
	in.setOn(t)
	b, err := t.Encode(in.Version)
	if err != nil {
		return encoded{}, err
	}
	return encoded{b[:len(b)-(len(rest)-1)]}, nil
}

type sessionTransmission struct {
	versionedTransmission
	SessionID vectors.Hex `json:"session_id"`
}

// inSession decodes a transmission and refuses that of another session.
func (in sessionTransmission) inSession() (smp.Transmission, error) {
	t, err := smp.DecodeTransmission(in.Version, in.Transmission)
	if err != nil {
		return smp.Transmission{}, err
	}
	if received := smp.ReceiveCommand(in.Version, in.SessionID, in.Transmission); errors.Is(received.Err, smp.ErrSessionID) {
		return smp.Transmission{}, received.Err
	}
	return t, nil
}

func checkSession(in sessionTransmission) (sentParts, error) {
	t, err := in.inSession()
	return partsOf(t), err
}

type contentInputs struct {
	Version   uint16      `json:"version"`
	SessionID vectors.Hex `json:"session_id"`
	Content   vectors.Hex `json:"content"`
}

type receivedCommands struct {
	Received       []receivedCommand `json:"received"`
	Authorizations []vectors.Hex     `json:"authorizations"`
}

type receivedCommand struct {
	Result        string       `json:"result"`
	Error         string       `json:"error,omitempty"`
	Authorized    *bool        `json:"authorized,omitempty"`
	Command       *vectors.Hex `json:"command,omitempty"`
	CorrelationID vectors.Hex  `json:"correlation_id"`
	EntityID      vectors.Hex  `json:"entity_id"`
}

func receiveCommands(in contentInputs) (receivedCommands, error) {
	out := receivedCommands{Authorizations: []vectors.Hex{}}
	for _, r := range smp.DecodeCommands(in.Version, in.SessionID, in.Content) {
		item := receivedCommand{Result: "ok", CorrelationID: r.Transmission.CorrelationID, EntityID: r.Transmission.EntityID}
		if r.Err != nil {
			item.Result, item.Error = "error", smp.AnswerTo(r.Err).Error()
		} else {
			command, err := smp.EncodeCommand(in.Version, r.Command)
			if err != nil {
				return receivedCommands{}, err
			}
			authorized := len(r.Transmission.Authorization) > 0
			item.Authorized, item.Command = &authorized, optional(command)
			out.Authorizations = append(out.Authorizations, r.Transmission.Authorization)
		}
		out.Received = append(out.Received, item)
	}
	return out, nil
}
