// Package hop replaces parts of how a proxy forwards a command to its destination: how it
// makes RFWD, and how it reads RRES.
package hop

import (
	"context"
	"crypto/rand"

	"smpcheck/conformance/fault"
	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// Forward is the stage Forward.
type Forward = func(context.Context, *client.Client, smp.ForwardedCommand) ([]byte, error)

// Forwards replaces the stage Forward; next is what it was.
func Forwards(f func(ctx context.Context, d *client.Client, c smp.ForwardedCommand, next Forward) ([]byte, error)) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.Forward
		st.Forward = func(ctx context.Context, d *client.Client, c smp.ForwardedCommand) ([]byte, error) {
			return f(ctx, d, c, next)
		}
	})
}

// Steps is how a proxy makes RFWD and reads RRES; what is nil is done as it should be.
type Steps struct {
	// Nonce is the correlation id of RFWD, which is the nonce of its body too.
	Nonce func(*client.Client, smp.ForwardedCommand) box.Nonce
	// Entity is the entity id of RFWD.
	Entity func(context.Context) []byte
	// Signer authorizes RFWD.
	Signer keys.PrivateKey
	// Key is the key of the bodies, made of the right one.
	Key func(*client.Client, box.Key) box.Key
	// Seal makes the body of RFWD.
	Seal func(c smp.ForwardedCommand, content []byte, nonce *box.Nonce, key *box.Key) []byte
	// Open makes the body of PRES of that of RRES.
	Open func(sealed []byte, nonce *box.Nonce, key *box.Key) (body []byte, err error)
}

// Apply replaces the stage Forward.
func (h Steps) Apply(c *relay.Config) {
	Forwards(func(ctx context.Context, d *client.Client, c smp.ForwardedCommand, _ Forward) ([]byte, error) {
		return h.Forward(ctx, d, c)
	})(c)
}

// Forward forwards one command and returns the body of PRES.
func (h Steps) Forward(ctx context.Context, d *client.Client, c smp.ForwardedCommand) ([]byte, error) {
	key, err := box.DeriveKey(d.Conn().Secret())
	if err != nil {
		return nil, err
	}
	if h.Key != nil {
		key = h.Key(d, key)
	}
	content, err := c.Encode()
	if err != nil {
		return nil, err
	}
	request := client.Request{CorrelationID: RandomNonce(), Key: h.Signer}
	if h.Nonce != nil {
		request.CorrelationID = h.Nonce(d, c)
	}
	if h.Entity != nil {
		request.EntityID = h.Entity(ctx)
	}
	nonce := request.CorrelationID
	sealed := box.Seal(nil, content, &nonce, &key)
	if h.Seal != nil {
		sealed = h.Seal(c, content, &nonce, &key)
	}
	request.Command = smp.RFWD{Body: sealed}
	result := d.DoAll(ctx, request)[0]
	if result.Err != nil {
		return nil, result.Err
	}
	answer, ok := result.Response.(smp.RRES)
	if !ok {
		return nil, &client.UnexpectedError{Expected: "RRES", Got: result.Response.Tag()}
	}
	nonce = nonce.Reverse()
	if h.Open != nil {
		return h.Open(answer.Body, &nonce, &key)
	}
	return Open(answer.Body, &nonce, &key)
}

// Open opens the body of RRES and returns what PRES has to carry.
func Open(sealed []byte, nonce *box.Nonce, key *box.Key) ([]byte, error) {
	content, err := box.Open(nil, sealed, nonce, key)
	if err != nil {
		return nil, err
	}
	response, err := smp.DecodeForwardedResponse(content)
	return response.Body, err
}

// RandomNonce makes a correlation id.
func RandomNonce() (n box.Nonce) {
	_, _ = rand.Read(n[:]) // which never fails
	return n
}
