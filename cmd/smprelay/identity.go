package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"smpcheck/reference/keys"
)

// Files of an identity in its directory.
const (
	chainFile = "chain.pem"
	keyFile   = "key.pem"
)

// defaultChain is the number of certificates of a new identity.
const defaultChain = 2

// errIdentity: a directory does not hold a usable identity. Nothing in it was
// changed.
var errIdentity = errors.New("identity")

// identity returns the credentials in dir, which it makes if there are none; an
// empty dir means new credentials in memory. chain is the wanted number of
// certificates, 0 for any. Whatever is in dir is never overwritten.
func identity(dir string, chain int) (keys.Credentials, error) {
	if dir == "" {
		return newIdentity(chain)
	}
	if err := makeDirectory(dir); err != nil {
		return keys.Credentials{}, err
	}
	if err := checkPrivate(dir, "700"); err != nil {
		return keys.Credentials{}, err
	}
	chainPath, keyPath := filepath.Join(dir, chainFile), filepath.Join(dir, keyFile)
	hasChain, err := exists(chainPath)
	if err != nil {
		return keys.Credentials{}, err
	}
	hasKey, err := exists(keyPath)
	if err != nil {
		return keys.Credentials{}, err
	}
	switch {
	case !hasChain && !hasKey:
		c, err := newIdentity(chain)
		if err != nil {
			return keys.Credentials{}, err
		}
		return c, keys.SaveCredentials(c, chainPath, keyPath)
	case hasChain != hasKey:
		return keys.Credentials{}, fmt.Errorf("%w: %s has only one of %s and %s; restore the other one or remove both for a new identity",
			errIdentity, dir, chainFile, keyFile)
	}
	return loadIdentity(chainPath, keyPath, chain)
}

// makeDirectory makes the directory if there is nothing with its name.
func makeDirectory(dir string) error {
	err := os.Mkdir(dir, 0o700)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return usage("%w: --dir %s: the folder above is missing: %w", errIdentity, dir, err)
	case err != nil && !errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: %w", errIdentity, err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("%w: %w", errIdentity, err)
	}
	if !info.IsDir() {
		return usage("%w: --dir %s is no directory", errIdentity, dir)
	}
	return nil
}

func newIdentity(chain int) (keys.Credentials, error) {
	if chain == 0 {
		chain = defaultChain
	}
	return keys.NewCredentials(rand.Reader, keys.Ed25519, chain)
}

func loadIdentity(chainPath, keyPath string, chain int) (keys.Credentials, error) {
	if err := checkPrivate(keyPath, "600"); err != nil {
		return keys.Credentials{}, err
	}
	c, err := keys.LoadCredentials(chainPath, keyPath)
	if err != nil {
		return keys.Credentials{}, fmt.Errorf("%w: %w", errIdentity, err)
	}
	fingerprint := c.Fingerprint()
	if err := keys.ValidateChain(c.Chain, fingerprint[:]); err != nil {
		return keys.Credentials{}, fmt.Errorf("%w: %s: %w", errIdentity, chainPath, err)
	}
	if n := len(c.Chain); chain != 0 && n != chain {
		return keys.Credentials{}, usage("%w: %s has %d certificates, --chain asks for %d", errIdentity, chainPath, n, chain)
	}
	return c, nil
}

// checkPrivate refuses a file or directory that others than its owner can use.
func checkPrivate(path, mode string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("%w: %w", errIdentity, err)
	}
	if err := refuse(info, path, 0o077, mode); err != nil {
		return usage("%w: %w", errIdentity, err)
	}
	return nil
}

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%w: %w", errIdentity, err)
	}
	return true, nil
}
