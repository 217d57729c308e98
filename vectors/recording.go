package vectors

// Recording is what passed between official clients and official relays, block by
// block, on all connections of one run.
type Recording struct {
	Format        string            `json:"format"` // "smpcheck-recording-1"
	Kind          string            `json:"kind"`   // "recording"
	Name          string            `json:"name"`
	What          string            `json:"what"`
	Source        Source            `json:"source"`
	Count         RecordingCount    `json:"count"`
	ClientOptions string            `json:"client_options"` // how the clients were limited, as a command line
	Participants  []string          `json:"participants"`   // names of the clients
	Servers       []RecordingServer `json:"servers"`
	Connections   []Connection      `json:"connections"`
	Notes         []RecordingNote   `json:"notes"`
	Agents        []AgentEnd        `json:"agents"` // none in the recordings raw-*
	Blocks        []Block           `json:"blocks"` // in the order of sending
}

// RecordingCount is the number of entries in the lists of a recording.
type RecordingCount struct {
	Connections int `json:"connections"`
	Blocks      int `json:"blocks"`
}

// RecordingServer is a relay of a recording with its certificates.
type RecordingServer struct {
	Name             string `json:"name"`
	Address          string `json:"address"`            // with the certificate fingerprint
	CACertificatePEM string `json:"ca_certificate_pem"` // the certificate that gives the identity
	CertificatePEM   string `json:"certificate_pem"`    // the leaf
	PrivateKeyPEM    string `json:"private_key_pem"`    // of the leaf
}

// Connection is one transport connection.
type Connection struct {
	ID               string `json:"id"`
	Client           string `json:"client"` // a client, or the relay that acts as proxy
	Server           string `json:"server"`
	SessionID        Hex    `json:"session_id"`      // 32 bytes, from TLS
	Version          uint16 `json:"version"`         // agreed SMP version
	VersionRange     Hex    `json:"version_range"`   // what remained possible: two words, lowest and highest
	ClientIsProxy    bool   `json:"client_is_proxy"` // the proxy flag of the client hello
	ClientPrivateDER Hex    `json:"client_session_private_der"`
	ClientPublicDER  Hex    `json:"client_session_public_der"` // nil when the client sent none
	ServerPrivateDER Hex    `json:"server_session_private_der"`
	ServerPublicDER  Hex    `json:"server_session_public_der"`
	DHSecret         Hex    `json:"dh_secret"` // of the two session keys; nil without a client key
}

// Block is one transport block.
type Block struct {
	Number     int    `json:"n"`          // position in the recording
	Connection string `json:"connection"` // the id of a Connection
	Sender     string `json:"sender"`     // "client" or "server"
	Index      int    `json:"index"`      // counts the blocks of this sender on this connection; the first are the handshake
	Micros     int64  `json:"t_us"`       // microseconds since the start of the recording
	Encrypted  bool   `json:"encrypted"`  // whether the block is encrypted inside TLS
	Content    Hex    `json:"content"`    // after decryption and without padding
	RawSHA256  Hex    `json:"raw_sha256"` // SHA-256 of the 16384 bytes inside TLS
	Raw        Hex    `json:"raw"`        // these bytes, for the first encrypted blocks of a connection only
}

// RecordingNote names a connection, a queue key or a service certificate. Only
// the fields of one of the three are set.
type RecordingNote struct {
	Role       string `json:"role,omitempty"`
	SessionID  Hex    `json:"session_id,omitempty"`
	Connection string `json:"connection,omitempty"`

	Key     string `json:"key,omitempty"`
	Private Hex    `json:"private,omitempty"` // PKCS #8
	Public  Hex    `json:"public,omitempty"`  // SubjectPublicKeyInfo

	ServiceCertHash    Hex `json:"service_cert_hash,omitempty"`
	ServiceLeafPrivate Hex `json:"service_leaf_private,omitempty"` // PKCS #8
}

// Connection returns the connection with the given id and whether there is one.
func (r *Recording) Connection(id string) (*Connection, bool) {
	for i := range r.Connections {
		if r.Connections[i].ID == id {
			return &r.Connections[i], true
		}
	}
	return nil, false
}
