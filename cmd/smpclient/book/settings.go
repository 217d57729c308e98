package book

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"smpcheck/reference/link"
)

// ErrNoSettings: the file has no settings of this program.
var ErrNoSettings = errors.New("there are no settings in the file of the profile")

// Settings are what a profile was made with and `config` changes.
type Settings struct {
	// Name is what contacts see.
	Name string `json:"name"`
	// Servers and Via are addresses with their passwords: relays for own queues, and
	// relays that forward what is sent.
	Servers []string `json:"servers"`
	Via     []string `json:"via,omitempty"`
	NoPQ    bool     `json:"no_pq,omitempty"`
	// TLS12 also takes relays that do not speak TLS 1.3.
	TLS12 bool `json:"tls12,omitempty"`
	// Plain makes messages bare bytes, without the format of chat applications.
	Plain bool `json:"plain,omitempty"`
}

// SaveSettings stores the settings.
func SaveSettings(tx *sql.Tx, s Settings) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT OR REPLACE INTO app_settings (id, value) VALUES (1, ?)`, string(text))
	return err
}

// LoadSettings returns the settings, or ErrNoSettings.
func LoadSettings(tx *sql.Tx) (Settings, error) {
	var s Settings
	text, err := single(tx, ErrNoSettings, func(scan func(...any) error) (text string, err error) {
		err = scan(&text)
		return text, err
	}, `SELECT value FROM app_settings`)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, fmt.Errorf("settings of the profile: %w", err)
	}
	return s, nil
}

// Check returns the parsed addresses of relays and proxies. There has to be a relay.
func (s Settings) Check() (servers, via []link.Server, err error) {
	if err := CheckName(s.Name); err != nil {
		return nil, nil, err
	}
	if len(s.Servers) == 0 {
		return nil, nil, errors.New("no relay; --server names one, as smp://FINGERPRINT@HOST:PORT")
	}
	if servers, err = ParseServers(s.Servers); err != nil {
		return nil, nil, err
	}
	via, err = ParseServers(s.Via)
	return servers, via, err
}

// ParseServers parses addresses of relays. Errors do not hold passwords.
func ParseServers(texts []string) ([]link.Server, error) {
	servers := make([]link.Server, len(texts))
	for i, text := range texts {
		server, err := link.ParseServer(text)
		if err != nil {
			return nil, err
		}
		if server.Scheme != link.SMP {
			return nil, fmt.Errorf("%w: the scheme is %s, expected smp", link.ErrServer, server.Scheme)
		}
		if n := len(server.KeyHash); n != sha256.Size {
			return nil, fmt.Errorf("%w: a fingerprint of %d bytes, expected %d", link.ErrServer, n, sha256.Size)
		}
		servers[i] = server
	}
	return servers, nil
}
