package book

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName is the length of a contact's name in characters.
const MaxName = 64

// CheckName returns ErrName unless text can be the name of a contact: 1 to MaxName
// printable characters, with no space at either end.
func CheckName(text string) error {
	switch {
	case text == "":
		return fmt.Errorf("%w: it is empty", ErrName)
	case !utf8.ValidString(text) || utf8.RuneCountInString(text) > MaxName:
		return fmt.Errorf("%w: longer than %d characters, or not UTF-8", ErrName, MaxName)
	case strings.TrimSpace(text) != text:
		return fmt.Errorf("%w: a space at the beginning or end", ErrName)
	case strings.ContainsFunc(text, unprintable):
		return fmt.Errorf("%w: a character that is not printable", ErrName)
	}
	return nil
}

// unprintable reports whether a name cannot have a character. What stands for
// something that is not text counts as such.
func unprintable(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }

// CleanName makes a possible name of what a peer calls itself, or returns "contact".
func CleanName(text string) string {
	text = strings.Map(func(r rune) rune {
		if unprintable(r) {
			return -1
		}
		return r
	}, text)
	text = strings.TrimSpace(text)
	if runes := []rune(text); len(runes) > MaxName {
		text = strings.TrimSpace(string(runes[:MaxName]))
	}
	if text == "" {
		return "contact"
	}
	return text
}

// uniqueName returns name, or name with the lowest number that makes it unique.
// The contact with the id except does not count.
func uniqueName(tx *sql.Tx, name string, except int64) (string, error) {
	runes := []rune(name)
	for i := 1; ; i++ {
		candidate := name
		if i > 1 {
			suffix := fmt.Sprintf("_%d", i)
			candidate = string(runes[:min(len(runes), MaxName-len(suffix))]) + suffix
		}
		var id int64
		err := tx.QueryRow(`SELECT id FROM app_contacts WHERE name = ? AND id <> ?`, candidate, except).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return candidate, nil
		}
		if err != nil {
			return "", err
		}
	}
}
