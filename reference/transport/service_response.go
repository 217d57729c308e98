package transport

import (
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
	s, _, err := ReadServiceResponse(content)
	return s, err
}

// ReadServiceResponse is DecodeServiceResponse and returns the bytes that are
// ignored.
func ReadServiceResponse(content []byte) (response ServiceResponse, ignored []byte, err error) {
	var s ServiceResponse
	r := wire.NewReader(content)
	switch tag := r.Byte(); {
	case r.Err() != nil:
	case tag == 'R':
		s.ServiceID = r.Short()
	case tag == 'E':
		text := r.Rest()
		if s.Error, err = parseError(text); err != nil {
			return ServiceResponse{}, nil, err
		}
		return s, text[len(s.Error):], nil
	default:
		r.Fail(ErrResponseTag)
	}
	if err := r.Err(); err != nil {
		return ServiceResponse{}, nil, fmt.Errorf("%w: service response: %w", ErrHandshakeParse, err)
	}
	return s, r.Rest(), nil
}
