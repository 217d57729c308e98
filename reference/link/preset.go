package link

import (
	"bytes"
	"slices"
)

// Shorten returns the link without what a reader can find in the list of relays that
// applications know: if one of presets has the first host of the link's relay and
// agrees with the rest, only that host remains. A preset agrees if it has all hosts and
// the fingerprint, and the same port; one without port agrees with 443 and 5223. The
// scheme and what the link leads to do not change. As in the official implementation;
// the documents do not have it.
func (l ShortLink) Shorten(presets []Server) ShortLink {
	if p, ok := findPreset(l.Server, presets); ok && agrees(l.Server, p) {
		l.Server = Server{Scheme: SMP, Hosts: l.Server.Hosts[:1]}
	}
	return l
}

// Restore returns a link that names nothing but one host with the first preset that
// has this host first; any other link is returned as it is.
func (l ShortLink) Restore(presets []Server) ShortLink {
	if len(l.Server.Hosts) != 1 || l.Server.Port != "" || len(l.Server.KeyHash) != 0 {
		return l
	}
	if p, ok := findPreset(l.Server, presets); ok {
		p.Password = ""
		l.Server = p
	}
	return l
}

// findPreset returns the first preset with the same first host.
func findPreset(s Server, presets []Server) (Server, bool) {
	i := slices.IndexFunc(presets, func(p Server) bool {
		return len(s.Hosts) > 0 && len(p.Hosts) > 0 && s.Hosts[0] == p.Hosts[0]
	})
	if i < 0 {
		return Server{}, false
	}
	return presets[i], true
}

func agrees(s, preset Server) bool {
	for _, h := range s.Hosts {
		if !slices.Contains(preset.Hosts, h) {
			return false
		}
	}
	known := s.Port == preset.Port || preset.Port == "" && (s.Port == "443" || s.Port == DefaultPort)
	return known && bytes.Equal(s.KeyHash, preset.KeyHash)
}
