package proxy

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/hop"
	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// hopFaults are mistakes in the layer between proxy and destination.
var hopFaults = []fault.Fault{
	{
		ID:     "proxy/correlation-carried",
		Story:  "RFWD has the correlation id of PFWD, by which the two connections can be matched.",
		Breaks: []string{"SMP-PROXY-HOPS-CORRELATION"},
		Cases:  []string{"relay/proxy/rfwd-correlation", "relay/proxy/hops"},
		Apply: hop.Steps{Nonce: func(_ *client.Client, c smp.ForwardedCommand) box.Nonce {
			return smp.CorrelationNonce(c.CorrelationID)
		}}.Apply,
	},
	{
		ID:     "proxy/correlation-reversed",
		Story:  "RFWD has the correlation id of PFWD with its bytes reversed, as nonces of answers have.",
		Breaks: []string{"SMP-PROXY-HOPS-CORRELATION"},
		Cases:  []string{"relay/proxy/rfwd-correlation", "relay/proxy/hops"},
		Apply: hop.Steps{Nonce: func(_ *client.Client, c smp.ForwardedCommand) box.Nonce {
			return smp.CorrelationNonce(c.CorrelationID).Reverse()
		}}.Apply,
	},
	{
		ID:     "proxy/correlation-derived",
		Story:  "The correlation id of RFWD is a hash of that of PFWD, so that one that comes again has the same nonce.",
		Breaks: []string{"SMP-PROXY-RFWD-NONCE", "SMP-PROXY-HOPS-CIPHERTEXT"},
		Cases:  []string{"relay/proxy/repeated-command"},
		Apply: hop.Steps{Nonce: func(_ *client.Client, c smp.ForwardedCommand) (n box.Nonce) {
			sum := sha256.Sum256(c.CorrelationID)
			copy(n[:], sum[:])
			return n
		}}.Apply,
	},
	{
		ID:     "proxy/nonce-reused",
		Story:  "All RFWD of a session have one nonce, since each has its own content.",
		Breaks: []string{"SMP-PROXY-RFWD-NONCE"},
		Cases:  []string{"relay/proxy/rfwd-correlation", "relay/proxy/repeated-command"},
		Apply: hop.Steps{Nonce: func(d *client.Client, _ smp.ForwardedCommand) (n box.Nonce) {
			sum := sha256.Sum256(d.SessionID())
			copy(n[:], sum[:])
			return n
		}}.Apply,
	},
	{
		ID:     "proxy/nonce-counted",
		Story:  "The correlation ids of RFWD count up, since a nonce has to be unique and nothing more.",
		Breaks: []string{"SMP-PROXY-RFWD-NONCE"},
		Cases:  []string{"relay/proxy/rfwd-correlation"},
		Apply:  countedNonces(),
	},
	{
		ID:     "proxy/ciphertext-carried",
		Story:  "RFWD is not encrypted again, since its content is encrypted by the client and by TLS.",
		Breaks: []string{"SMP-PROXY-HOPS-CIPHERTEXT", "SMP-PROXY-RFWD-SECRET"},
		Cases:  []string{"relay/proxy/hops", "relay/proxy/rfwd-secret"},
		Apply: hop.Steps{Seal: func(_ smp.ForwardedCommand, content []byte, _ *box.Nonce, _ *box.Key) []byte {
			return content
		}}.Apply,
	},
	{
		ID:     "proxy/ciphertext-beside",
		Story:  "Only the head of RFWD is encrypted by the proxy, and the transmission of the client follows as it came.",
		Breaks: []string{"SMP-PROXY-HOPS-CIPHERTEXT", "SMP-PROXY-RFWD-SECRET"},
		Cases:  []string{"relay/proxy/hops", "relay/proxy/rfwd-secret"},
		Apply: hop.Steps{Seal: func(c smp.ForwardedCommand, content []byte, nonce *box.Nonce, key *box.Key) []byte {
			return append(box.Seal(nil, content[:len(content)-len(c.Body)], nonce, key), c.Body...)
		}}.Apply,
	},
	{
		ID:     "proxy/response-carried",
		Story:  "PRES has what RRES has, still encrypted for the proxy.",
		Breaks: []string{"SMP-PROXY-HOPS-CIPHERTEXT", "SMP-PROXY-PRES-UNCHANGED"},
		Cases:  []string{"relay/proxy/hops", "relay/proxy/forwards"},
		Apply:  hop.Steps{Open: func(sealed []byte, _ *box.Nonce, _ *box.Key) ([]byte, error) { return sealed, nil }}.Apply,
	},
	{
		ID:     "proxy/secret-advanced",
		Story:  "The key of the layer between the relays is advanced with every RFWD, like that of encrypted blocks.",
		Breaks: []string{"SMP-PROXY-RFWD-SECRET"},
		Cases:  []string{"relay/proxy/rfwd-secret"},
		Apply:  advancedSecrets(),
	},
	{
		ID:     "proxy/secret-of-command",
		Story:  "RFWD is encrypted with the key of its own command instead of the secret of the hellos.",
		Breaks: []string{"SMP-PROXY-RFWD-SECRET"},
		Cases:  []string{"relay/proxy/rfwd-secret"},
		Apply: hop.Steps{Seal: func(c smp.ForwardedCommand, content []byte, nonce *box.Nonce, key *box.Key) []byte {
			return box.Seal(nil, content, nonce, (*box.Key)(c.Key.Raw()))
		}}.Apply,
	},
	{
		ID:     "proxy/content-version-first",
		Story:  "The content of RFWD begins with the version, like PFWD.",
		Breaks: []string{"SMP-PROXY-RFWD-CONTENT"},
		Cases:  []string{"relay/proxy/forwards"},
		Apply: hop.Steps{Seal: func(c smp.ForwardedCommand, content []byte, nonce *box.Nonce, key *box.Key) []byte {
			head := 1 + len(c.CorrelationID)
			return box.Seal(nil, slices.Concat(content[head:head+2], content[:head], content[head+2:]), nonce, key)
		}}.Apply,
	},
	{
		ID:     "proxy/rfwd-padded-at-random",
		Story:  "RFWD has a random byte at its end or none, to hide how long it is.",
		Breaks: []string{"SMP-PROXY-RFWD-FORM"},
		Cases:  []string{"relay/proxy/sizes"},
		Apply:  paddedAtRandom(),
	},
	{
		ID:     "proxy/rfwd-entity",
		Story:  "RFWD has the session as entity id, like PFWD.",
		Breaks: []string{"SMP-PROXY-RFWD-ENTITY"},
		Cases:  []string{"relay/proxy/rfwd-ids"},
		Apply: hop.Forwards(func(ctx context.Context, d *client.Client, c smp.ForwardedCommand, _ hop.Forward) ([]byte, error) {
			return hop.Steps{Entity: func(context.Context) []byte { return d.SessionID() }}.Forward(ctx, d, c)
		}),
	},
	{
		ID:     "proxy/rfwd-authorized",
		Story:  "RFWD is signed, so that the destination can tell what is from the proxy.",
		Breaks: []string{"SMP-PROXY-RFWD-UNSIGNED"},
		Cases:  []string{"relay/proxy/rfwd-ids"},
		Apply:  authorizedRFWD,
	},
	{
		ID:     "proxy/client-session-shown",
		Story:  "RFWD has the session of the client as entity id, so that its answer finds the way back.",
		Breaks: []string{"SMP-PROXY-HOPS-SESSION", "SMP-PROXY-RFWD-ENTITY"},
		Cases:  []string{"relay/proxy/hops-session", "relay/proxy/rfwd-ids"},
		Apply:  clientSessionShown,
	},
}

// countedNonces counts the RFWD of the relay.
func countedNonces() func(*relay.Config) {
	var mu sync.Mutex
	counter := uint64(0)
	return hop.Steps{Nonce: func(*client.Client, smp.ForwardedCommand) (n box.Nonce) {
		mu.Lock()
		defer mu.Unlock()
		counter++
		binary.BigEndian.PutUint64(n[len(n)-8:], counter)
		return n
	}}.Apply
}

// advancedSecrets takes the next key of a chain for every RFWD of a session.
func advancedSecrets() func(*relay.Config) {
	var mu sync.Mutex
	used := make(map[*client.Client]box.Key)
	return hop.Steps{Key: func(d *client.Client, first box.Key) box.Key {
		mu.Lock()
		defer mu.Unlock()
		key, later := used[d]
		if later {
			key = sha256.Sum256(key[:])
		} else {
			key = first
		}
		used[d] = key
		return key
	}}.Apply
}

// paddedAtRandom adds a byte behind the transmission of the client to every other RFWD.
// There is no room for more.
func paddedAtRandom() func(*relay.Config) {
	var n atomic.Uint32
	return hop.Forwards(func(ctx context.Context, d *client.Client, c smp.ForwardedCommand, next hop.Forward) ([]byte, error) {
		if n.Add(1)%2 == 0 {
			more := hop.RandomNonce()
			c.Body = slices.Concat(c.Body, more[:1])
		}
		return next(ctx, d, c)
	})
}

func authorizedRFWD(c *relay.Config) {
	hop.Steps{Signer: fault.NewKey(keys.Ed25519)}.Apply(c)
}

// forwardKey is the key of the context under which the stage Forward finds the client.
type forwardKey struct{}

func clientSessionShown(c *relay.Config) {
	proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
		return next(context.WithValue(ctx, forwardKey{}, s.Conn().SessionID()), s, r)
	})(c)
	hop.Steps{Entity: func(ctx context.Context) []byte {
		id, _ := ctx.Value(forwardKey{}).([]byte)
		return id
	}}.Apply(c)
}
