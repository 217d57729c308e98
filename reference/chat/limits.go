package chat

// Sizes of encoded bodies, in bytes. The encoders keep the larger ones. On a connection
// with post-quantum keys, where the headers of the ratchet are larger, a body has to fit
// the smaller ones: Compress sees to that.
const (
	// MaxMessage is the limit of a message, which leaves room to forward it in a group.
	MaxMessage = 15602
	// MaxMessagePQ is MaxMessage with post-quantum keys.
	MaxMessagePQ = 13380
	// MaxInfo is the limit of connection information.
	MaxInfo = 14694
	// MaxInfoPQ is MaxInfo with post-quantum keys.
	MaxInfoPQ = 10968
	// MaxDecompressed is the limit of a received body, after decompression too.
	MaxDecompressed = 65536
)
