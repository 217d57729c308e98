package link

import (
	"errors"
	"fmt"
	"strings"

	"smpcheck/reference/wire"
)

// ErrLink: a text is neither a full nor a short connection link, because of its scheme
// or of the path before "#".
var ErrLink = errors.New("not a connection link")

// Link is a Connection or a ShortLink.
type Link interface {
	// Text returns the link as text. It is a secret: whoever has it can connect.
	Text() string
	// Write appends the binary form.
	Write(*wire.Writer)
}

// ParseLink reads a link of either kind, which the path tells. The errors are those of
// ParseConnection and ParseShortLink, and ErrLink.
func ParseLink(text string) (Link, error) { return new(scanner).link(text) }

func (sc *scanner) link(text string) (Link, error) {
	path, _, fragment := strings.Cut(text, "#")
	path = strings.TrimSuffix(path, "/")
	word := path[strings.LastIndexByte(path, '/')+1:]
	_, full := parseMode(word)
	switch {
	case !strings.HasPrefix(text, "simplex:") && !strings.HasPrefix(text, "https://"):
		return nil, fmt.Errorf("%w: %w", ErrLink, errScheme)
	case full:
		c, err := sc.connection(text)
		if err != nil {
			return nil, err
		}
		return c, nil
	case fragment && len(word) == 1:
		l, err := sc.shortLink(text)
		if err != nil {
			return nil, err
		}
		return l, nil
	}
	return nil, fmt.Errorf("%w: the path is neither invitation nor contact nor one letter", ErrLink)
}
