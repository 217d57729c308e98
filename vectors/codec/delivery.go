package codec

import (
	"bytes"
	"crypto/sha3"
	"errors"
	"strconv"

	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

var layers = area{
	operations: map[string]handler{
		"id_nonce":              operation(idNonce),
		"sender_id":             operation(senderID),
		"check_sender_id":       operation(checkSenderID),
		"message_limit":         operation(messageLimit),
		"layer_lengths":         operation(layerLengths),
		"encode_delivery":       operation(encodeDelivery),
		"decode_delivery":       operation(decodeDelivery),
		"seal_delivery":         operation(sealDelivery),
		"open_delivery":         operation(openDelivery),
		"encode_notification":   operation(encodeNotification),
		"decode_notification":   operation(decodeNotification),
		"seal_notification":     operation(sealNotification),
		"open_notification":     operation(openNotification),
		"encode_client_message": operation(encodeClientMessage),
		"decode_client_message": operation(decodeClientMessage),
		"encode_envelope":       operation(encodeEnvelope),
		"decode_envelope":       operation(decodeEnvelope),
		"seal_envelope":         operation(sealEnvelope),
		"open_envelope":         operation(openEnvelope),
		"digest_envelope":       operation(digestEnvelope),
	},
	classes: []class{
		{errOtherSenderID, "OtherSenderId"},
		{smp.ErrLargeMsg, "MessageTooLarge"},
		{smp.ErrFlags, "MalformedFlags"},
		{smp.ErrMode, "UnknownMode"},
	},
}

type anID struct {
	ID vectors.Hex `json:"id"`
}

type aNonce struct {
	Nonce vectors.Hex `json:"nonce"`
}

func idNonce(in anID) (aNonce, error) {
	n := smp.CorrelationNonce(in.ID)
	return aNonce{n[:]}, nil
}

type correlation struct {
	CorrelationID vectors.Hex `json:"correlation_id"`
}

type senderIDSteps struct {
	Hash     vectors.Hex `json:"sha3_384"`
	SenderID vectors.Hex `json:"sender_id"`
}

func senderID(in correlation) (senderIDSteps, error) {
	hash := sha3.Sum384(in.CorrelationID)
	return senderIDSteps{hash[:], smp.SenderID(in.CorrelationID)}, nil
}

var errOtherSenderID = errors.New("sender id of another correlation id")

type senderIDToCheck struct {
	correlation
	SenderID vectors.Hex `json:"sender_id"`
}

type senderIDHash struct {
	Hash vectors.Hex `json:"sha3_384"`
}

func checkSenderID(in senderIDToCheck) (senderIDHash, error) {
	if !bytes.Equal(smp.SenderID(in.CorrelationID), in.SenderID) {
		return senderIDHash{}, errOtherSenderID
	}
	hash := sha3.Sum384(in.CorrelationID)
	return senderIDHash{hash[:]}, nil
}

type versionOnly struct {
	Version uint16 `json:"version"`
}

type maxMessage struct {
	Length int `json:"max_message_length"`
}

func messageLimit(in versionOnly) (maxMessage, error) {
	if in.Version < smp.MinVersion || in.Version > smp.MaxVersion {
		return maxMessage{}, errVersionOutside
	}
	return maxMessage{smp.MaxMessageLength(in.Version)}, nil
}

type fixedLengths struct {
	Block        int `json:"block"`
	Confirmation int `json:"e2e_confirmation"`
	Message      int `json:"e2e_message"`
	Proxied      int `json:"padded_proxied_transmission"`
	Delivery     int `json:"padded_delivery"`
	Notification int `json:"padded_notification"`
}

func layerLengths(struct{}) (fixedLengths, error) {
	return fixedLengths{
		smp.BlockSize, smp.PaddedConfirmation, smp.PaddedClientMessage,
		smp.PaddedForwarded, smp.PaddedRcvMessage, smp.PaddedNMsgMeta,
	}, nil
}

// deliveryParts are a message or, without flag and body, the marker of a full queue.
type deliveryParts struct {
	Quota     bool         `json:"quota"`
	Timestamp string       `json:"timestamp"`
	Notify    *bool        `json:"notify"`
	Body      *vectors.Hex `json:"body"`
}

func (p deliveryParts) message() (smp.RcvMessage, error) {
	at, err := strconv.ParseInt(p.Timestamp, 10, 64)
	if err != nil {
		return smp.RcvMessage{}, badRequest("%q is not an integer of 64 bits", p.Timestamp)
	}
	m := smp.RcvMessage{Quota: p.Quota, Timestamp: at}
	if p.Quota != (p.Notify == nil) || p.Quota != (p.Body == nil) {
		return m, badRequest("expected flag and body in a message, and neither in the marker of a full queue")
	}
	if !p.Quota {
		m.Notify, m.Body = *p.Notify, *p.Body
	}
	return m, nil
}

type deliveryBytes struct {
	Delivery vectors.Hex `json:"delivery"`
}

func encodeDelivery(in deliveryParts) (deliveryBytes, error) {
	m, err := in.message()
	if err != nil {
		return deliveryBytes{}, err
	}
	b, err := m.Encode()
	return deliveryBytes{b}, err
}

type decodedDelivery struct {
	deliveryParts
	LaterFlags *vectors.Hex `json:"later_flags"`
}

func decodeDelivery(in deliveryBytes) (decodedDelivery, error) {
	m, err := smp.DecodeRcvMessage(in.Delivery)
	if err != nil {
		return decodedDelivery{}, err
	}
	out := decodedDelivery{deliveryParts: deliveryParts{Quota: m.Quota, Timestamp: strconv.FormatInt(m.Timestamp, 10)}}
	if !m.Quota {
		const flags = 8 // the timestamp stands before them
		known := in.Delivery[flags+1 : len(in.Delivery)-len(m.Body)]
		out.Notify, out.Body = &m.Notify, (*vectors.Hex)(&m.Body)
		out.LaterFlags = optional(bytes.TrimSuffix(known, []byte(" ")))
	}
	return out, nil
}

type deliveryToSeal struct {
	Secret    vectors.Hex `json:"secret"`
	MessageID vectors.Hex `json:"message_id"`
	deliveryParts
	Length int `json:"length"`
}

type deliverySteps struct {
	BoxKey   vectors.Hex `json:"box_key"`
	Delivery vectors.Hex `json:"delivery"`
	Sealed   vectors.Hex `json:"sealed"`
}

func sealDelivery(in deliveryToSeal) (deliverySteps, error) {
	plain, err := encodeDelivery(in.deliveryParts)
	if err != nil {
		return deliverySteps{}, err
	}
	sealed, err := sealPadded(in.Secret, nonceOfID(in.MessageID), plain.Delivery, in.Length)
	return deliverySteps{sealed.BoxKey, plain.Delivery, sealed.Box}, err
}

// sealPadded is the step that all layers share.
func sealPadded(secret, nonce, message vectors.Hex, length int) (paddedSecretBox, error) {
	return sealPaddedSecretBox(paddedSecretBoxInputs{secretBoxInputs{secret, nonce, message}, length})
}

func nonceOfID(id vectors.Hex) vectors.Hex {
	n := smp.CorrelationNonce(id)
	return n[:]
}

type deliveryToOpen struct {
	Secret    vectors.Hex `json:"secret"`
	MessageID vectors.Hex `json:"message_id"`
	Sealed    vectors.Hex `json:"sealed"`
}

type openedDelivery struct {
	decodedDelivery
	Padding vectors.Hex `json:"padding"`
}

func openDelivery(in deliveryToOpen) (openedDelivery, error) {
	u, err := openPaddedSecretBox(secretBoxToOpen{in.Secret, nonceOfID(in.MessageID), in.Sealed})
	if err != nil {
		return openedDelivery{}, err
	}
	m, err := decodeDelivery(deliveryBytes{u.Message})
	return openedDelivery{m, u.Padding}, err
}

type notificationParts struct {
	MessageID vectors.Hex `json:"message_id"`
	Timestamp string      `json:"timestamp"`
}

type notificationBytes struct {
	Notification vectors.Hex `json:"notification"`
}

func encodeNotification(in notificationParts) (notificationBytes, error) {
	at, err := strconv.ParseInt(in.Timestamp, 10, 64)
	if err != nil {
		return notificationBytes{}, badRequest("%q is not an integer of 64 bits", in.Timestamp)
	}
	b, err := smp.NMsgMeta{MessageID: in.MessageID, Timestamp: at}.Encode()
	return notificationBytes{b}, err
}

type decodedNotification struct {
	notificationParts
	Extension vectors.Hex `json:"extension"`
}

func decodeNotification(in notificationBytes) (decodedNotification, error) {
	m, err := smp.DecodeNMsgMeta(in.Notification)
	if err != nil {
		return decodedNotification{}, err
	}
	r := wire.NewReader(in.Notification)
	r.Short()
	r.Int64()
	return decodedNotification{notificationParts{m.MessageID, strconv.FormatInt(m.Timestamp, 10)}, r.Rest()}, nil
}

type notificationToSeal struct {
	Secret vectors.Hex `json:"secret"`
	Nonce  vectors.Hex `json:"nonce"`
	notificationParts
	Length int `json:"length"`
}

type notificationSteps struct {
	BoxKey       vectors.Hex `json:"box_key"`
	Notification vectors.Hex `json:"notification"`
	Sealed       vectors.Hex `json:"sealed"`
}

func sealNotification(in notificationToSeal) (notificationSteps, error) {
	plain, err := encodeNotification(in.notificationParts)
	if err != nil {
		return notificationSteps{}, err
	}
	sealed, err := sealPadded(in.Secret, in.Nonce, plain.Notification, in.Length)
	return notificationSteps{sealed.BoxKey, plain.Notification, sealed.Box}, err
}

type notificationToOpen struct {
	Secret vectors.Hex `json:"secret"`
	Nonce  vectors.Hex `json:"nonce"`
	Sealed vectors.Hex `json:"sealed"`
}

type openedNotification struct {
	decodedNotification
	Padding vectors.Hex `json:"padding"`
}

func openNotification(in notificationToOpen) (openedNotification, error) {
	u, err := openPaddedSecretBox(secretBoxToOpen{in.Secret, in.Nonce, in.Sealed})
	if err != nil {
		return openedNotification{}, err
	}
	m, err := decodeNotification(notificationBytes{u.Message})
	return openedNotification{m, u.Padding}, err
}
