package client

import (
	"context"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// Resolve sends RSLV: it asks the relay what a name such as "privacy.simplex"
// stands for. It needs version 20: transport.ErrVersion. A malformed name is
// smp.ErrName, one that does not exist smp.ErrNameNotFound, which no other relay
// need be asked about; smp.ErrNameNoResolver is a relay that does not know names;
// an *smp.Error with smp.NameResolver one whose resolver failed for now.
//
// The relay sees who asks for which name: ProxySession.Resolve shows it less. The
// record is as the relay gave it; nothing proves that it is true.
func (c *Client) Resolve(ctx context.Context, name string) (smp.NameRecord, error) {
	return resolve(ctx, c, name)
}

// Resolve sends RSLV to the destination, which does not see who asks, while the
// proxy does not see for what. See Client.Resolve.
func (s *ProxySession) Resolve(ctx context.Context, name string) (smp.NameRecord, error) {
	return resolve(ctx, s, name)
}

func resolve(ctx context.Context, s session, name string) (smp.NameRecord, error) {
	command := smp.RSLV{Domain: name}
	if s.Version() < smp.VersionNames {
		return smp.NameRecord{}, fmt.Errorf("RSLV: %w: the relay speaks version %d, expected at least %d for names",
			transport.ErrVersion, s.Version(), smp.VersionNames)
	}
	response, err := s.Do(ctx, nil, keys.PrivateKey{}, command)
	if err := (Result{Response: response, Err: err}).expectOneOf(Request{Command: command}, smp.RNAME{}); err != nil {
		return smp.NameRecord{}, err
	}
	return response.(smp.RNAME).Record, nil
}
