package smp

import (
	"bytes"
	"errors"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// CorrelationIDSize is the length of correlation ids that clients make, in
// bytes. They are random, never repeat, and serve as nonces.
const CorrelationIDSize = 24

// Transmission is a command or response with what identifies and authorizes
// it. SMP, "SMP Transmission and transport block structure".
type Transmission struct {
	// Authorization is a signature or an authenticator; empty in responses
	// and in commands that need none.
	Authorization []byte
	// ServiceSignature is the Ed25519 signature of the service, from version
	// 16 and with an Authorization only; nil for none.
	ServiceSignature []byte
	// SessionID is sent at version 6 alone; later it is authorized and not
	// sent.
	SessionID []byte
	// CorrelationID is empty in events.
	CorrelationID []byte
	// EntityID is the id of a queue, link, service or proxied session.
	EntityID []byte
	// Command is the encoded command or response.
	Command []byte
}

// Errors of transmissions.
var (
	// ErrAuthorizationSize: an authorization has none of the lengths of an
	// authenticator or signature.
	ErrAuthorizationSize = errors.New("authorization is not 0, 64, 80 or 114 bytes")
	// ErrServiceSignature: a service signature is not an Ed25519 signature, or
	// stands where none can be sent.
	ErrServiceSignature = errors.New("malformed service signature")
	// ErrSessionID: the session identifier is that of another connection.
	ErrSessionID = errors.New("session identifier of another connection")
)

// CommandTransmission returns a transmission of c without authorization,
// encoded for version v and the session with the given identifier.
func CommandTransmission(v uint16, sessionID, correlationID, entityID []byte, c Command) (*Transmission, error) {
	b, err := EncodeCommand(v, c)
	if err != nil {
		return nil, err
	}
	return newTransmission(v, sessionID, correlationID, entityID, b), nil
}

// ResponseTransmission returns a transmission of c, encoded for version v and
// the session with the given identifier. correlationID is nil for events.
func ResponseTransmission(v uint16, sessionID, correlationID, entityID []byte, c Response) (*Transmission, error) {
	b, err := EncodeResponse(v, c)
	if err != nil {
		return nil, err
	}
	return newTransmission(v, sessionID, correlationID, entityID, b), nil
}

func newTransmission(v uint16, sessionID, correlationID, entityID, encoded []byte) *Transmission {
	t := &Transmission{CorrelationID: correlationID, EntityID: entityID, Command: encoded}
	if v < VersionAuthenticators {
		t.SessionID = sessionID
	}
	return t
}

// Encode returns the encoding of t at version v. It fails if a part is too
// long for its length, or if there is a ServiceSignature below version 16,
// without Authorization or not of 64 bytes.
func (t *Transmission) Encode(v uint16) ([]byte, error) {
	return t.Append(make([]byte, 0, t.size()), v)
}

// size is room for every encoding of t outside of the session identifier that
// is authorized.
func (t *Transmission) size() int {
	return 6 + len(t.Authorization) + len(t.ServiceSignature) + len(t.SessionID) +
		len(t.CorrelationID) + len(t.EntityID) + len(t.Command)
}

// Append appends the encoding of t at version v to dst.
func (t *Transmission) Append(dst []byte, v uint16) ([]byte, error) {
	w := wire.NewWriter(dst)
	t.put(w, v)
	b, err := w.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding transmission at version %d: %w", v, err)
	}
	return b, nil
}

func (t *Transmission) put(w *wire.Writer, v uint16) {
	w.Short(t.Authorization)
	if v >= VersionServices && len(t.Authorization) > 0 {
		putOption(w, t.ServiceSignature)
	} else if t.ServiceSignature != nil {
		w.Fail(fmt.Errorf("%w: no place for it", ErrServiceSignature))
	}
	if t.ServiceSignature != nil && len(t.ServiceSignature) != keys.Ed25519.SignatureSize() {
		w.Fail(fmt.Errorf("%w: %d bytes", ErrServiceSignature, len(t.ServiceSignature)))
	}
	if v < VersionAuthenticators {
		w.Short(t.SessionID)
	}
	t.putRest(w)
}

// putRest writes what is the same in what is sent and what is authorized.
func (t *Transmission) putRest(w *wire.Writer) {
	w.Short(t.CorrelationID)
	w.Short(t.EntityID)
	w.Raw(t.Command)
}

// Authorized returns the bytes that t's authorization covers in the session
// with the given identifier: the session identifier as a short string, then
// correlation id, entity id and command. It is the same at all versions. It
// fails if a part is longer than 255 bytes.
func (t *Transmission) Authorized(sessionID []byte) ([]byte, error) {
	return t.AppendAuthorized(make([]byte, 0, len(sessionID)+t.size()), sessionID)
}

// AppendAuthorized appends to dst what Authorized returns.
func (t *Transmission) AppendAuthorized(dst, sessionID []byte) ([]byte, error) {
	w := wire.NewWriter(dst)
	w.Short(sessionID)
	t.putRest(w)
	b, err := w.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding the authorized part of a transmission: %w", err)
	}
	return b, nil
}

// DecodeTransmission decodes a transmission at version v. It looks neither at
// the length of the authorization nor at the session identifier nor at the
// command. The error is a *DecodeError with ErrBlock in its chain. The result
// aliases b.
func DecodeTransmission(v uint16, b []byte) (Transmission, error) {
	r := wire.NewReader(b)
	t := Transmission{Authorization: r.Short()}
	if v >= VersionServices && len(t.Authorization) > 0 {
		t.ServiceSignature = readOption(r)
		if n := len(t.ServiceSignature); r.Err() == nil && t.ServiceSignature != nil && n != keys.Ed25519.SignatureSize() {
			r.Fail(fmt.Errorf("%w: %d bytes", ErrServiceSignature, n))
		}
	}
	if v < VersionAuthenticators {
		t.SessionID = r.Short()
	}
	t.CorrelationID = r.Short()
	t.EntityID = r.Short()
	t.Command = r.Rest()
	if err := r.Err(); err != nil {
		return Transmission{}, &DecodeError{What: "transmission", Answer: ErrBlock, Reason: err}
	}
	return t, nil
}

// checkSession compares the session identifier where it is sent.
func (t *Transmission) checkSession(v uint16, sessionID []byte) error {
	if v < VersionAuthenticators && !bytes.Equal(t.SessionID, sessionID) {
		return &DecodeError{What: "transmission", Answer: ErrSession, Reason: ErrSessionID}
	}
	return nil
}

// ReceivedCommand is a transmission as a relay receives it.
type ReceivedCommand struct {
	// Transmission holds the correlation and entity id to answer with. Both
	// are empty if the transmission is malformed, the entity id if its session
	// identifier or the length of its authorization is wrong.
	Transmission Transmission
	// Command is nil if there is an error.
	Command Command
	// Err has in its chain the *Error to answer; AnswerTo finds it.
	Err error
}

// ReceivedResponse is a transmission as a client receives it.
type ReceivedResponse struct {
	// Transmission holds the correlation and entity id, empty where Err is
	// about the transmission itself.
	Transmission Transmission
	// Response is nil if there is an error.
	Response Response
	// Err is a *DecodeError or nil.
	Err error
}

// AnswerTo returns the *Error in the chain of err that a relay answers, nil if
// there is none.
func AnswerTo(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// DecodeCommands decodes the content of a block as a relay does, in a session
// with the given identifier: one result for each transmission, at least one.
// A malformed block is one result with ErrBlock. The relay serves the results
// without error and answers the others. The official relay decides in this
// order: form of the block, form of the transmission, session identifier,
// length of the authorization, command, credentials.
func DecodeCommands(v uint16, sessionID, content []byte) []ReceivedCommand {
	items, err := DecodeBlock(content)
	if err != nil {
		return []ReceivedCommand{{Err: err}}
	}
	out := make([]ReceivedCommand, len(items))
	for i, item := range items {
		out[i] = ReceiveCommand(v, sessionID, item)
	}
	return out
}

// ReceiveCommand decodes one transmission as DecodeCommands does.
func ReceiveCommand(v uint16, sessionID, b []byte) ReceivedCommand {
	t, err := DecodeTransmission(v, b)
	if err != nil {
		return ReceivedCommand{Err: err}
	}
	err = t.checkSession(v, sessionID)
	if err == nil {
		_, err = SchemeOf(t.Authorization)
	}
	if err != nil {
		return ReceivedCommand{Transmission: Transmission{CorrelationID: t.CorrelationID}, Err: err}
	}
	c, err := DecodeCommand(v, t.Command)
	if err != nil {
		return ReceivedCommand{Transmission: t, Err: err}
	}
	if answer := CheckCredentials(c, len(t.Authorization) > 0, len(t.EntityID) > 0); answer != nil {
		return ReceivedCommand{Transmission: t, Err: credentialError(c.Tag(), answer, &t)}
	}
	return ReceivedCommand{Transmission: t, Command: c}
}

// DecodeResponses decodes the content of a block as a client does: one result
// for each transmission, at least one. Authorizations are not looked at.
func DecodeResponses(v uint16, sessionID, content []byte) []ReceivedResponse {
	items, err := DecodeBlock(content)
	if err != nil {
		return []ReceivedResponse{{Err: err}}
	}
	out := make([]ReceivedResponse, len(items))
	for i, item := range items {
		out[i] = ReceiveResponse(v, sessionID, item)
	}
	return out
}

// ReceiveResponse decodes one transmission as DecodeResponses does.
func ReceiveResponse(v uint16, sessionID, b []byte) ReceivedResponse {
	t, err := DecodeTransmission(v, b)
	if err != nil {
		return ReceivedResponse{Err: err}
	}
	if err := t.checkSession(v, sessionID); err != nil {
		return ReceivedResponse{Transmission: Transmission{CorrelationID: t.CorrelationID}, Err: err}
	}
	c, err := DecodeResponse(v, t.Command)
	if err != nil {
		return ReceivedResponse{Transmission: t, Err: err}
	}
	if answer := CheckEntity(c, len(t.EntityID) > 0); answer != nil {
		return ReceivedResponse{Transmission: t, Err: credentialError(c.Tag(), answer, &t)}
	}
	return ReceivedResponse{Transmission: t, Response: c}
}

func credentialError(tag string, answer *Error, t *Transmission) error {
	return &DecodeError{What: tag, Answer: answer,
		Reason: fmt.Errorf("authorization of %d bytes and entity id of %d bytes", len(t.Authorization), len(t.EntityID))}
}
