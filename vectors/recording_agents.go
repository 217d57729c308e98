package vectors

// AgentEnd is one end of a connection between two agents, or a contact address: the
// private keys that open its messages, and what its ratchet encrypted and decrypted. The
// two ends of a connection have ratchets with the same associated data.
type AgentEnd struct {
	Client       string `json:"client"` // one of the participants
	ID           Hex    `json:"id"`     // local to the client
	Mode         string `json:"mode"`   // "INV" for a connection, "CON" for a contact address
	AgentVersion uint16 `json:"agent_version"`
	PQ           bool   `json:"pq_support"` // whether messages leave room for post-quantum keys

	// Number and hash of the last agent message of each direction.
	SentID       int64 `json:"sent_id"`
	SentHash     Hex   `json:"sent_hash"`
	ReceivedID   int64 `json:"received_id"`
	ReceivedHash Hex   `json:"received_hash"`

	ReceiveQueue *ReceiveQueue   `json:"receive_queue"`
	SendQueue    *SendQueue      `json:"send_queue"` // nil for a contact address
	Ratchet      *RatchetHistory `json:"ratchet"`    // nil for a contact address
}

// ReceiveQueue is a queue with the keys of its recipient.
type ReceiveQueue struct {
	RecipientID    Hex     `json:"recipient_id"`
	SenderID       Hex     `json:"sender_id"`
	Mode           *string `json:"mode"`             // "M" or "C"; nil below SMP version 9
	ClientVersion  uint16  `json:"client_version"`   // agreed version of the clients
	AuthPrivateDER Hex     `json:"auth_private_der"` // authorizes the recipient's commands
	DHSecret       Hex     `json:"dh_secret"`        // X25519 output of recipient and relay, 32 bytes
	E2EPrivateDER  Hex     `json:"e2e_private_der"`  // X25519 key whose public part the link has
	E2ESecret      Hex     `json:"e2e_secret"`       // X25519 output of recipient and sender; nil for a contact address
	LinkID         Hex     `json:"link_id"`          // of the short link; nil without one, like those that follow
	LinkKey        Hex     `json:"link_key"`
	LinkPrivateDER Hex     `json:"link_private_der"` // Ed25519 key that signs the link data
}

// SendQueue is a queue with the keys of its sender.
type SendQueue struct {
	SenderID       Hex     `json:"sender_id"`
	Mode           *string `json:"mode"`
	ClientVersion  uint16  `json:"client_version"`
	AuthPrivateDER Hex     `json:"auth_private_der"` // authorizes SKEY and SEND
	E2EPublicDER   Hex     `json:"e2e_public_der"`   // the sender's X25519 key, which confirmations carry
	E2ESecret      Hex     `json:"e2e_secret"`
}

// RatchetHistory is what one ratchet did, in order. States have the form of the kind
// ratchet; keys of skipped messages were not recorded, and none are needed.
type RatchetHistory struct {
	Initial Value         `json:"initial"` // before the first step
	Final   Value         `json:"final"`   // as the client stored it in the end
	Steps   []RatchetStep `json:"steps"`
}

// RatchetStep is the encryption or the decryption of one message.
type RatchetStep struct {
	Op        string `json:"op"` // "encrypt" or "decrypt"
	Plaintext Hex    `json:"plaintext"`

	PQ            *bool `json:"pq,omitempty"`             // encrypt: the wish for KEM keys; nil leaves it as it is
	PaddedLength  int   `json:"padded_len,omitempty"`     // encrypt: of the content, in bytes
	MessageSHA256 Hex   `json:"message_sha256,omitempty"` // encrypt: of the whole encrypted message
	// StateAfter of a decryption has the keys that were made in the step.
	StateAfter Value `json:"state_after,omitempty"`
}
