package client

import (
	"context"
	"fmt"
	"io"

	"smpcheck/reference/box"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// Forward sends RFWD, as a relay that is a proxy does on its connection to the
// destination, and returns what PRES has to carry. The connection needs a
// session key of both sides (transport.ErrNoAuth). SMP, "Forward command to
// destination router".
//
// The encryption between proxy and destination has a random nonce of its own,
// the correlation id of RFWD, so that the two connections have no bytes in
// common. Its response has the nonce with the bytes reversed, as in the official
// implementation; the document says increased by 1. Errors are those of Do, and
// box.ErrOpen.
func (c *Client) Forward(ctx context.Context, command smp.ForwardedCommand) ([]byte, error) {
	if c.conn.Secret() == nil {
		return nil, fmt.Errorf("RFWD: %w", transport.ErrNoAuth)
	}
	secret, err := box.DeriveKey(c.conn.Secret())
	if err != nil {
		return nil, fmt.Errorf("RFWD: %w", err)
	}
	content, err := command.Encode()
	if err != nil {
		return nil, fmt.Errorf("RFWD: %w", err)
	}
	var nonce box.Nonce
	if _, err := io.ReadFull(c.config.Rand, nonce[:]); err != nil {
		return nil, fmt.Errorf("randomness for a correlation id: %w", err)
	}
	answer, err := expect[smp.RRES](ctx, c, Request{
		Command:       smp.RFWD{Body: box.Seal(nil, content, &nonce, &secret)},
		CorrelationID: nonce,
	})
	if err != nil {
		return nil, err
	}
	nonce = nonce.Reverse()
	return openForwarded(answer.Body, command.CorrelationID, &nonce, &secret)
}

// openForwarded opens the content of RRES.
func openForwarded(body, correlationID []byte, nonce *box.Nonce, secret *box.Key) ([]byte, error) {
	content, err := box.Open(nil, body, nonce, secret)
	if err != nil {
		return nil, fmt.Errorf("RRES: %w", err)
	}
	response, err := smp.DecodeForwardedResponse(content)
	if err != nil {
		return nil, fmt.Errorf("%w: RRES: %w", ErrSyntax, reasonOf(err))
	}
	if string(response.CorrelationID) != string(correlationID) {
		return nil, fmt.Errorf("RFWD: %w", &UnexpectedError{
			Expected: "the correlation id of the forwarded command",
			Got:      "RRES with another one",
		})
	}
	return response.Body, nil
}
