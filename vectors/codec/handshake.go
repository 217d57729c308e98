package codec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// script is a connection to a peer whose blocks are known before: it is read from
// memory, and what is written is kept.
type script struct {
	toRead  bytes.Buffer
	written bytes.Buffer
}

var _ net.Conn = (*script)(nil)

// newScript returns a connection on which the contents arrive, a block each.
func newScript(contents ...*vectors.Hex) (*script, error) {
	s := &script{}
	for _, content := range contents {
		if content == nil {
			continue
		}
		block, err := wire.Pad(nil, *content, transport.BlockSize)
		if err != nil {
			return nil, err
		}
		s.toRead.Write(block)
	}
	return s, nil
}

func (s *script) Read(b []byte) (int, error)  { return s.toRead.Read(b) }
func (s *script) Write(b []byte) (int, error) { return s.written.Write(b) }
func (*script) Close() error                  { return nil }
func (*script) LocalAddr() net.Addr           { return nil }
func (*script) RemoteAddr() net.Addr          { return nil }

// SetDeadline does nothing: nothing waits. So do the other two.
func (*script) SetDeadline(time.Time) error      { return nil }
func (*script) SetReadDeadline(time.Time) error  { return nil }
func (*script) SetWriteDeadline(time.Time) error { return nil }

// contents are those of the blocks that were written.
func (s *script) contents() ([]vectors.Hex, error) {
	var list []vectors.Hex
	for b := s.written.Bytes(); len(b) > 0; b = b[transport.BlockSize:] {
		content, err := wire.Unpad(b[:transport.BlockSize])
		if err != nil {
			return nil, err
		}
		list = append(list, bytes.Clone(content))
	}
	return list, nil
}

// finish is for after a handshake: it says why a side failed, and sees to it that all that
// arrived was read.
func (s *script) finish(err, versionError error) error {
	switch {
	case errors.Is(err, transport.ErrServiceRefused):
	case errors.Is(err, io.EOF):
		return badRequest("a message is missing: %w", err)
	case errors.Is(err, transport.ErrVersion):
		return fmt.Errorf("%w: %w", versionError, err)
	case err == nil && s.toRead.Len() > 0:
		return badRequest("a message is not used")
	}
	return err
}

type serviceInput struct {
	Role              string        `json:"role"`
	Chain             []vectors.Hex `json:"chain"`
	LeafPrivateDER    vectors.Hex   `json:"leaf_private_der"`
	SessionPrivateDER vectors.Hex   `json:"session_private_der"`
}

func (s *serviceInput) credentials() (*transport.ServiceCredentials, error) {
	role, err := roleOf(s.Role)
	if err != nil {
		return nil, err
	}
	leaf, err := keys.ParsePrivate(s.LeafPrivateDER)
	if err != nil {
		return nil, err
	}
	session, err := keys.ParsePrivate(s.SessionPrivateDER)
	if err != nil {
		return nil, err
	}
	return &transport.ServiceCredentials{
		Role: role, Credentials: keys.Credentials{Chain: byteSlices(s.Chain), Key: leaf}, Key: session,
	}, nil
}

type clientInput struct {
	ServerHello      vectors.Hex   `json:"server_hello"`
	ServerResponse   *vectors.Hex  `json:"server_response"`
	SessionID        vectors.Hex   `json:"session_id"`
	KeyHash          vectors.Hex   `json:"key_hash"`
	ClientVersions   versions      `json:"client_versions"`
	Proxy            bool          `json:"proxy"`
	ClientPrivateDER *vectors.Hex  `json:"client_private_der"`
	Leaf             vectors.Hex   `json:"leaf"`
	Service          *serviceInput `json:"service"`
}

type clientOutput struct {
	Secret          *vectors.Hex  `json:"secret"`
	ClientHello     vectors.Hex   `json:"client_hello"`
	ClientResult    connection    `json:"client_result"`
	RelayVersions   versions      `json:"relay_versions"`
	RelayChain      []vectors.Hex `json:"relay_chain"`
	RelayPublicDER  *vectors.Hex  `json:"relay_public_der"`
	LeafFingerprint vectors.Hex   `json:"leaf_fingerprint"`
	ServiceID       *vectors.Hex  `json:"service_id"`
}

func clientHandshake(in clientInput) (clientOutput, error) {
	config, err := in.config()
	if err != nil {
		return clientOutput{}, err
	}
	relay, err := newScript(&in.ServerHello, in.ServerResponse)
	if err != nil {
		return clientOutput{}, err
	}
	binding := transport.Binding{
		SessionID: in.SessionID, PeerChain: [][]byte{in.Leaf}, ALPN: transport.Protocol, CertificateSent: in.Service != nil,
	}
	c, err := transport.ClientHandshake(context.Background(), relay, binding, config)
	if err := relay.finish(err, errNoCommonVersion); err != nil {
		return clientOutput{}, err
	}
	sent, err := relay.contents()
	if err != nil {
		return clientOutput{}, err
	}
	hello, fingerprint := c.ServerHello(), keys.FingerprintOf(in.Leaf)
	out := clientOutput{
		Secret: nullable(c.Secret()), ClientHello: sent[0], ClientResult: connectionOf(c),
		RelayVersions: versions{hello.Versions.Min, hello.Versions.Max}, RelayChain: hexes(hello.Chain),
		RelayPublicDER: nullable(c.PeerKey().SPKI()), LeafFingerprint: fingerprint[:],
	}
	if c.Service() != nil {
		out.ServiceID = nullable(c.Service().ID)
	}
	return out, nil
}

func (in *clientInput) config() (transport.ClientConfig, error) {
	config := transport.ClientConfig{KeyHash: in.KeyHash, Proxy: in.Proxy, NoKey: in.ClientPrivateDER == nil}
	var err error
	if config.Versions, err = in.ClientVersions.allowed(); err != nil {
		return config, err
	}
	if in.ClientPrivateDER != nil {
		if config.Key, err = keys.ParsePrivate(*in.ClientPrivateDER); err != nil {
			return config, err
		}
	}
	if in.Service != nil {
		config.Service, err = in.Service.credentials()
	}
	return config, err
}

type serverInput struct {
	ALPN             bool          `json:"alpn"`
	ServerVersions   versions      `json:"server_versions"`
	SessionID        vectors.Hex   `json:"session_id"`
	Chain            []vectors.Hex `json:"chain"`
	LeafPrivateDER   vectors.Hex   `json:"leaf_private_der"`
	ServerPrivateDER vectors.Hex   `json:"server_private_der"`
	ClientHello      vectors.Hex   `json:"client_hello"`
	ClientChain      []vectors.Hex `json:"client_chain"`
	ServiceID        *vectors.Hex  `json:"service_id"`
}

type serverOutput struct {
	Secret             *vectors.Hex `json:"secret"`
	ServerHello        vectors.Hex  `json:"server_hello"`
	ServerResponse     *vectors.Hex `json:"server_response"`
	ServerResult       connection   `json:"server_result"`
	ClientPublicDER    *vectors.Hex `json:"client_public_der"`
	ServiceFingerprint *vectors.Hex `json:"service_fingerprint"`
	ServiceRole        *string      `json:"service_role"`
	ServicePublicDER   *vectors.Hex `json:"service_public_der"`
}

func serverHandshake(in serverInput) (serverOutput, error) {
	config, err := in.config()
	if err != nil {
		return serverOutput{}, err
	}
	client, err := newScript(&in.ClientHello)
	if err != nil {
		return serverOutput{}, err
	}
	c, err := transport.ServerHandshake(context.Background(), client, in.binding(), config)
	if err := client.finish(err, errVersionOutside); err != nil {
		return serverOutput{}, err
	}
	sent, err := client.contents()
	if err != nil {
		return serverOutput{}, err
	}
	out := serverOutput{
		Secret: nullable(c.Secret()), ServerHello: sent[0], ServerResult: connectionOf(c), ClientPublicDER: nullable(c.PeerKey().SPKI()),
	}
	if service := c.Service(); service != nil {
		role := string(service.Role)
		out.ServerResponse, out.ServiceFingerprint = &sent[1], nullable(service.Fingerprint[:])
		out.ServiceRole, out.ServicePublicDER = &role, nullable(service.Key.SPKI())
	}
	return out, nil
}

func (in *serverInput) binding() transport.Binding {
	binding := transport.Binding{SessionID: in.SessionID, PeerChain: byteSlices(in.ClientChain)}
	if in.ALPN {
		binding.ALPN = transport.Protocol
	}
	return binding
}

func (in *serverInput) config() (transport.ServerConfig, error) {
	config := transport.ServerConfig{}
	var err error
	if config.Versions, err = in.ServerVersions.allowed(); err != nil {
		return config, err
	}
	config.Credentials.Chain = byteSlices(in.Chain)
	if config.Credentials.Key, err = keys.ParsePrivate(in.LeafPrivateDER); err != nil {
		return config, err
	}
	if config.Key, err = keys.ParsePrivate(in.ServerPrivateDER); err != nil {
		return config, err
	}
	if in.ServiceID != nil {
		config.Service = func(context.Context, transport.Service, [][]byte) ([]byte, error) { return *in.ServiceID, nil }
	}
	return config, nil
}

type wholeInput struct {
	ALPN             bool          `json:"alpn"`
	ServerVersions   versions      `json:"server_versions"`
	SessionID        vectors.Hex   `json:"session_id"`
	Chain            []vectors.Hex `json:"chain"`
	LeafPrivateDER   vectors.Hex   `json:"leaf_private_der"`
	ServerPrivateDER vectors.Hex   `json:"server_private_der"`
	ServerResponse   *vectors.Hex  `json:"server_response"`
	KeyHash          vectors.Hex   `json:"key_hash"`
	ClientVersions   versions      `json:"client_versions"`
	Proxy            bool          `json:"proxy"`
	ClientPrivateDER *vectors.Hex  `json:"client_private_der"`
	Service          *serviceInput `json:"service"`
}

type wholeOutput struct {
	ServerHello  vectors.Hex  `json:"server_hello"`
	Secret       *vectors.Hex `json:"secret"`
	ClientHello  vectors.Hex  `json:"client_hello"`
	ClientResult connection   `json:"client_result"`
	ServiceID    *vectors.Hex `json:"service_id"`
}

// wholeHandshake lets a relay send its hello, and a client go on from there.
func wholeHandshake(in wholeInput) (wholeOutput, error) {
	server := serverInput{
		ALPN: in.ALPN, ServerVersions: in.ServerVersions, SessionID: in.SessionID, Chain: in.Chain,
		LeafPrivateDER: in.LeafPrivateDER, ServerPrivateDER: in.ServerPrivateDER,
	}
	hello, err := server.hello()
	if err != nil {
		return wholeOutput{}, err
	}
	if len(in.Chain) == 0 {
		return wholeOutput{}, badRequest("the relay needs certificates")
	}
	out, err := clientHandshake(clientInput{
		ServerHello: hello, ServerResponse: in.ServerResponse, SessionID: in.SessionID, KeyHash: in.KeyHash,
		ClientVersions: in.ClientVersions, Proxy: in.Proxy, ClientPrivateDER: in.ClientPrivateDER, Leaf: in.Chain[0], Service: in.Service,
	})
	return wholeOutput{hello, out.Secret, out.ClientHello, out.ClientResult, out.ServiceID}, err
}

// hello is what the relay sends first, whatever the client then does.
func (in *serverInput) hello() (vectors.Hex, error) {
	config, err := in.config()
	if err != nil {
		return nil, err
	}
	client, err := newScript()
	if err != nil {
		return nil, err
	}
	_, err = transport.ServerHandshake(context.Background(), client, in.binding(), config)
	sent, contentErr := client.contents()
	if contentErr != nil || len(sent) == 0 {
		return nil, errors.Join(err, contentErr)
	}
	return sent[0], nil
}
