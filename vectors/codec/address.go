package codec

import (
	"smpcheck/reference/link"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

var address = area{
	operations: map[string]handler{
		"parse_host":           operation(parseHost),
		"parse_server":         operation(parseServer),
		"decode_server":        operation(decodeServer),
		"decode_legacy_server": operation(decodeLegacyServer),
	},
	classes: []class{
		{link.ErrServer, "MalformedServer"},
		{link.ErrHost, "MalformedHost"},
	},
}

type host struct {
	Kind      string      `json:"kind"`
	Canonical string      `json:"canonical"`
	Encoded   vectors.Hex `json:"encoded"`
}

func parseHost(in text) (host, error) {
	h, err := link.ParseHost(in.Text)
	if err != nil {
		return host{}, err
	}
	out, err := written(func(w *wire.Writer) { w.Short([]byte(h.String())) })
	return host{h.Kind().String(), h.String(), out.Encoded}, err
}

type server struct {
	Scheme    string      `json:"scheme"`
	KeyHash   vectors.Hex `json:"key_hash"`
	Password  *string     `json:"password"`
	Hosts     []string    `json:"hosts"`
	FirstHost string      `json:"first_host"`
	Port      string      `json:"port"`
	Canonical string      `json:"canonical"`
	Encoded   vectors.Hex `json:"encoded"`
	Legacy    vectors.Hex `json:"legacy"`
}

func parseServer(in text) (server, error) {
	s, err := link.ParseServer(in.Text)
	if err != nil {
		return server{}, err
	}
	out := server{
		Scheme: string(s.Scheme), KeyHash: s.KeyHash, Hosts: hostTexts(s), FirstHost: s.Hosts[0].String(),
		Port: s.Port, Canonical: s.String(),
	}
	if s.Password != "" {
		out.Password = &s.Password
	}
	current, err := written(s.Write)
	if err != nil {
		return server{}, err
	}
	legacy, err := written(s.WriteLegacy)
	out.Encoded, out.Legacy = current.Encoded, legacy.Encoded
	return out, err
}

func hostTexts(s link.Server) []string {
	texts := make([]string, len(s.Hosts))
	for i, h := range s.Hosts {
		texts[i] = h.String()
	}
	return texts
}

type decodedServer struct {
	KeyHash vectors.Hex `json:"key_hash"`
	Hosts   []string    `json:"hosts"`
	Port    string      `json:"port"`
}

func decodeServer(in encoded) (decodedServer, error) {
	s, err := link.Decode(in.Encoded, link.ReadServer)
	return decodedServer{s.KeyHash, hostTexts(s), s.Port}, err
}

type legacyServer struct {
	Legacy vectors.Hex `json:"legacy"`
}

type decodedLegacyServer struct {
	KeyHash   vectors.Hex `json:"key_hash"`
	FirstHost string      `json:"first_host"`
	Port      string      `json:"port"`
}

func decodeLegacyServer(in legacyServer) (decodedLegacyServer, error) {
	s, err := link.Decode(in.Legacy, link.ReadLegacyServer)
	if err != nil {
		return decodedLegacyServer{}, err
	}
	return decodedLegacyServer{s.KeyHash, s.Hosts[0].String(), s.Port}, nil
}
