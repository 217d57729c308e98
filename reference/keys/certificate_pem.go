package keys

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// ErrPEM: a file does not hold the PEM blocks that it should.
var ErrPEM = errors.New("unexpected PEM content")

const (
	pemCertificate = "CERTIFICATE"
	pemPrivateKey  = "PRIVATE KEY"

	// maxPEMFile limits what is read from a credentials file, in bytes.
	maxPEMFile = 1 << 20
)

// ChainPEM returns the certificates as PEM, leaf first.
func (c Credentials) ChainPEM() []byte {
	var text []byte
	for _, der := range c.Chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: der})...)
	}
	return text
}

// KeyPEM returns the private key of the leaf as PEM of its PKCS #8 form. It is
// a secret.
func (c Credentials) KeyPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemPrivateKey, Bytes: c.Key.PKCS8()})
}

// ParseCredentials decodes the PEM texts of a chain, leaf first, and of the
// leaf's private key. It returns ErrPEM for other content, ErrCertificate or
// ErrEncoding for bad DER, and an error if the key is not that of the leaf.
func ParseCredentials(chainPEM, keyPEM []byte) (Credentials, error) {
	var c Credentials
	for rest := chainPEM; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != pemCertificate {
			return Credentials{}, fmt.Errorf("%w: %q among certificates", ErrPEM, block.Type)
		}
		c.Chain = append(c.Chain, block.Bytes)
	}
	if len(c.Chain) == 0 {
		return Credentials{}, fmt.Errorf("%w: no certificate", ErrPEM)
	}
	block, _ := pem.Decode(keyPEM)
	if block == nil || block.Type != pemPrivateKey {
		return Credentials{}, fmt.Errorf("%w: no private key", ErrPEM)
	}
	var err error
	if c.Key, err = ParsePrivate(block.Bytes); err != nil {
		return Credentials{}, err
	}
	leaf, err := CertificatePublicKey(c.Chain[0])
	if err != nil {
		return Credentials{}, fmt.Errorf("leaf certificate: %w", err)
	}
	if leaf != c.Key.Public() {
		return Credentials{}, errors.New("private key is not that of the leaf certificate")
	}
	return c, nil
}

// SaveCredentials writes the chain to one file (mode 0644) and the key to
// another (mode 0600). Each file is written beside its place and then renamed,
// so that a reader finds the old or the new content.
func SaveCredentials(c Credentials, chainFile, keyFile string) error {
	if err := writeFile(keyFile, c.KeyPEM(), 0o600); err != nil {
		return err
	}
	return writeFile(chainFile, c.ChainPEM(), 0o644)
}

// LoadCredentials reads what SaveCredentials wrote.
func LoadCredentials(chainFile, keyFile string) (Credentials, error) {
	chain, err := readFile(chainFile)
	if err != nil {
		return Credentials{}, err
	}
	key, err := readFile(keyFile)
	if err != nil {
		return Credentials{}, err
	}
	c, err := ParseCredentials(chain, key)
	if err != nil {
		return Credentials{}, fmt.Errorf("credentials in %s and %s: %w", chainFile, keyFile, err)
	}
	return c, nil
}

func writeFile(name string, content []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("saving credentials: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("saving credentials: %w", err)
	}
	return nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("loading credentials: %w", err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxPEMFile+1))
	if err != nil {
		return nil, fmt.Errorf("loading credentials: %w", err)
	}
	if len(content) > maxPEMFile {
		return nil, fmt.Errorf("%w: %s is larger than %d bytes", ErrPEM, name, maxPEMFile)
	}
	return content, nil
}
