package fault

import (
	"context"
	"crypto/rand"

	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// forwards replaces the stage Forward; next is what it was.
func forwards(f func(ctx context.Context, d *client.Client, c smp.ForwardedCommand, next forward) ([]byte, error)) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Forward
		st.Forward = func(ctx context.Context, d *client.Client, c smp.ForwardedCommand) ([]byte, error) {
			return f(ctx, d, c, next)
		}
	})
}

type forward = func(context.Context, *client.Client, smp.ForwardedCommand) ([]byte, error)

// hop is how a proxy makes RFWD and reads RRES; what is nil is done as it should be.
type hop struct {
	nonce  func(*client.Client, smp.ForwardedCommand) box.Nonce
	entity func(context.Context) []byte
	signer keys.PrivateKey
	key    func(*client.Client, box.Key) box.Key
	seal   func(c smp.ForwardedCommand, content []byte, nonce *box.Nonce, key *box.Key) []byte
	open   func(sealed []byte, nonce *box.Nonce, key *box.Key) (body []byte, err error)
}

// apply makes the relay forward by the hop.
func (h hop) apply(c *relay.Config) {
	forwards(func(ctx context.Context, d *client.Client, c smp.ForwardedCommand, _ forward) ([]byte, error) {
		return h.forward(ctx, d, c)
	})(c)
}

func (h hop) forward(ctx context.Context, d *client.Client, c smp.ForwardedCommand) ([]byte, error) {
	key, err := box.DeriveKey(d.Conn().Secret())
	if err != nil {
		return nil, err
	}
	if h.key != nil {
		key = h.key(d, key)
	}
	content, err := c.Encode()
	if err != nil {
		return nil, err
	}
	request := client.Request{CorrelationID: randomNonce(), Key: h.signer}
	if h.nonce != nil {
		request.CorrelationID = h.nonce(d, c)
	}
	if h.entity != nil {
		request.EntityID = h.entity(ctx)
	}
	nonce := request.CorrelationID
	sealed := box.Seal(nil, content, &nonce, &key)
	if h.seal != nil {
		sealed = h.seal(c, content, &nonce, &key)
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
	if h.open != nil {
		return h.open(answer.Body, &nonce, &key)
	}
	return openedRRES(answer.Body, &nonce, &key)
}

// openedRRES is what PRES has to carry.
func openedRRES(sealed []byte, nonce *box.Nonce, key *box.Key) ([]byte, error) {
	content, err := box.Open(nil, sealed, nonce, key)
	if err != nil {
		return nil, err
	}
	response, err := smp.DecodeForwardedResponse(content)
	return response.Body, err
}

func randomNonce() (n box.Nonce) {
	_, _ = rand.Read(n[:]) // which never fails
	return n
}
