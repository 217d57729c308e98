package hostile

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// Content types of TLS records. RFC 8446, "Record Layer".
const (
	alertRecord       = 21
	handshakeRecord   = 22
	applicationRecord = 23
)

// recordFlood performs the TLS handshake and then sends the given content in
// protected records without end. crypto/tls cannot be told to do that, so the
// records are made here. If rekey is set, every record is followed by new keys.
func recordFlood(typ byte, content string, rekey bool) func(*peer) error {
	return func(p *peer) error {
		config, err := p.tlsConfig()
		if err != nil {
			return err
		}
		var log bytes.Buffer
		config.KeyLogWriter = &log
		if err := tls.Server(p, config).HandshakeContext(p.endpoint.ctx); err != nil {
			return err
		}
		secret, err := trafficSecret(log.String())
		if err != nil {
			return err
		}
		w := &recordWriter{}
		if err := w.install(secret); err != nil {
			return err
		}
		for {
			if _, err := p.Write(w.seal(typ, content)); err != nil {
				return err
			}
			if rekey {
				if err := w.update(); err != nil {
					return err
				}
			}
		}
	}
}

// trafficSecret finds the first application secret of the server in a key log.
func trafficSecret(log string) ([]byte, error) {
	for line := range strings.Lines(log) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "SERVER_TRAFFIC_SECRET_0" {
			return hex.DecodeString(fields[2])
		}
	}
	return nil, fmt.Errorf("the key log of %d bytes has no SERVER_TRAFFIC_SECRET_0", len(log))
}

// recordWriter protects records with TLS_CHACHA20_POLY1305_SHA256.
type recordWriter struct {
	secret, iv []byte
	aead       cipher.AEAD
	sequence   uint64
}

// install sets the keys that follow from a traffic secret. RFC 8446, "Traffic Key
// Calculation".
func (w *recordWriter) install(secret []byte) error {
	key, err := expand(secret, "key", chacha20poly1305.KeySize)
	if err != nil {
		return err
	}
	iv, err := expand(secret, "iv", chacha20poly1305.NonceSize)
	if err != nil {
		return err
	}
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return err
	}
	*w = recordWriter{secret: secret, iv: iv, aead: aead}
	return nil
}

// update sets the next keys. RFC 8446, "Updating Traffic Secrets".
func (w *recordWriter) update() error {
	next, err := expand(w.secret, "traffic upd", sha256.Size)
	if err != nil {
		return err
	}
	return w.install(next)
}

// seal returns one protected record. RFC 8446, "Record Payload Protection".
func (w *recordWriter) seal(typ byte, content string) []byte {
	nonce := bytes.Clone(w.iv)
	tail := nonce[len(nonce)-8:]
	binary.BigEndian.PutUint64(tail, binary.BigEndian.Uint64(tail)^w.sequence)
	w.sequence++
	inner := append([]byte(content), typ)
	header := binary.BigEndian.AppendUint16([]byte{applicationRecord, 3, 3}, uint16(len(inner)+w.aead.Overhead()))
	return append(header, w.aead.Seal(nil, nonce, inner, header)...)
}

// expand is HKDF-Expand-Label without a context. RFC 8446, "Key Schedule".
func expand(secret []byte, label string, n int) ([]byte, error) {
	label = "tls13 " + label
	info := string([]byte{byte(n >> 8), byte(n), byte(len(label))}) + label + "\x00"
	return hkdf.Expand(sha256.New, secret, info, n)
}
