package transport

import (
	"errors"
	"fmt"

	"smpcheck/reference/wire"
)

// ServiceResponse is the second block of a relay in the handshake with a
// service. SMP, "Transport handshake" (routerHandshakeResponse).
type ServiceResponse struct {
	// ServiceID is the identifier that the relay gave to the service, up to 255
	// bytes.
	ServiceID []byte
	// Error is the refusal; empty if the service was accepted.
	Error Error
}

// Encode returns the content of the block.
func (s ServiceResponse) Encode() ([]byte, error) {
	w := wire.NewWriter(nil)
	if s.Error != "" {
		w.Byte('E')
		w.String(string(s.Error))
	} else {
		w.Byte('R')
		w.Short(s.ServiceID)
	}
	return w.Bytes()
}

// DecodeServiceResponse decodes the content of a block, or returns
// ErrHandshakeParse. Bytes after the identifier are ignored, and so are those
// after an error if a space comes first. The result aliases content.
func DecodeServiceResponse(content []byte) (ServiceResponse, error) {
	var s ServiceResponse
	r := wire.NewReader(content)
	switch tag := r.Byte(); {
	case r.Err() != nil:
	case tag == 'R':
		s.ServiceID = r.Short()
	case tag == 'E':
		refusal, err := parseError(r.Rest())
		if err != nil {
			return ServiceResponse{}, err
		}
		s.Error = refusal
	default:
		r.Fail(errors.New("tag is neither R nor E"))
	}
	if err := r.Err(); err != nil {
		return ServiceResponse{}, fmt.Errorf("%w: service response: %w", ErrHandshakeParse, err)
	}
	return s, nil
}
