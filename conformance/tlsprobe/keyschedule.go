package tlsprobe

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/cryptobyte"
)

// suite is what a cipher suite of TLS 1.3 stands for.
type suite struct {
	id     CipherSuite
	keyLen int
	hash   func() hash.Hash
	aead   func(key []byte) (cipher.AEAD, error)
}

var suites = map[CipherSuite]*suite{
	AES128GCMSHA256:        {AES128GCMSHA256, 16, sha256.New, newGCM},
	AES256GCMSHA384:        {AES256GCMSHA384, 32, sha512.New384, newGCM},
	ChaCha20Poly1305SHA256: {ChaCha20Poly1305SHA256, 32, sha256.New, chacha20poly1305.New},
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// hashLen is the length of the suite's hash, and of every secret and Finished
// made with it, in bytes.
func (s *suite) hashLen() int { return s.hash().Size() }

// extract is HKDF-Extract. The key schedule feeds it secrets of its own, for
// which the function of the standard library has no error to give.
func (s *suite) extract(ikm, salt []byte) []byte {
	prk, err := hkdf.Extract(s.hash, ikm, salt)
	if err != nil {
		panic("tlsprobe: hkdf extract: " + err.Error())
	}
	return prk
}

// expandLabel is HKDF-Expand-Label ("Key Schedule"). Labels, contexts and lengths
// are the constants and hashes of the key schedule, or a ticket nonce of at most
// 255 bytes, so that it cannot fail.
func (s *suite) expandLabel(secret []byte, label string, context []byte, length int) []byte {
	var info cryptobyte.Builder
	info.AddUint16(uint16(length))
	info.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte("tls13 " + label)) })
	info.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(context) })
	out, err := hkdf.Expand(s.hash, secret, string(info.BytesOrPanic()), length)
	if err != nil {
		panic("tlsprobe: hkdf expand: " + err.Error())
	}
	return out
}

// finished is the verify_data of a Finished message or the binder of a PSK
// ("Finished"): secret is the base key, transcript the hash up to the message.
func (s *suite) finished(secret, transcript []byte) []byte {
	key := s.expandLabel(secret, "finished", nil, s.hashLen())
	mac := hmac.New(s.hash, key)
	mac.Write(transcript)
	return mac.Sum(nil)
}

// schedule walks the key schedule: early secret, handshake secret, master secret,
// with the transcript that the derived secrets are bound to.
type schedule struct {
	*suite
	secret     []byte
	transcript hash.Hash
}

// newSchedule starts at the early secret; psk is nil without resumption.
func newSchedule(s *suite, psk []byte) *schedule {
	if psk == nil {
		psk = make([]byte, s.hashLen())
	}
	return &schedule{suite: s, secret: s.extract(psk, nil), transcript: s.hash()}
}

// sum is the hash of the transcript so far.
func (k *schedule) sum() []byte { return k.transcript.Sum(nil) }

// derive is Derive-Secret over the transcript so far.
func (k *schedule) derive(label string) []byte {
	return k.expandLabel(k.secret, label, k.sum(), k.hashLen())
}

// deriveEmpty is Derive-Secret over no messages.
func (k *schedule) deriveEmpty(label string) []byte {
	return k.expandLabel(k.secret, label, k.hash().Sum(nil), k.hashLen())
}

// advance goes to the next secret with ikm, which is nil for the master secret.
func (k *schedule) advance(ikm []byte) {
	if ikm == nil {
		ikm = make([]byte, k.hashLen())
	}
	k.secret = k.extract(ikm, k.deriveEmpty("derived"))
}

// retryPrefix is the stand-in for the first ClientHello once a HelloRetryRequest
// has come ("The Transcript Hash").
func (s *suite) retryPrefix(hello []byte) []byte {
	h := s.hash()
	h.Write(hello)
	return append([]byte{byte(msgMessageHash), 0, 0, byte(s.hashLen())}, h.Sum(nil)...)
}
