package chat

import (
	"strings"
	"unicode"
)

// MaxDisplayName is the length of a display name, in characters.
const MaxDisplayName = 50

// namePunctuation is the ASCII punctuation of display names. Most other signs have a
// meaning where names are typed.
const namePunctuation = "-_&:"

// CleanDisplayName returns name without what a display name cannot have: control
// characters, most ASCII punctuation, repeated or outer spaces, repeated punctuation, and
// what is beyond MaxDisplayName characters. It starts with a letter, a digit, or a symbol
// such as an emoji. The result is empty if nothing is left.
//
// The rules of the official app have become stricter with time. These follow the cases of its
// latest tests, and the names they leave unchanged were valid before.
func CleanDisplayName(name string) string {
	var out []rune
	punctuated := false
	for _, c := range name {
		if unicode.IsSpace(c) {
			c = ' '
		}
		if len(out) == MaxDisplayName || !nameAllows(out, punctuated, c) {
			continue
		}
		if c != ' ' {
			punctuated = unicode.IsPunct(c)
		}
		out = append(out, c)
	}
	return strings.TrimSuffix(string(out), " ")
}

// nameAllows reports whether c can follow the characters of a name. Punctuated says that
// the last of them that is no space is punctuation.
func nameAllows(before []rune, punctuated bool, c rune) bool {
	if c == unicode.ReplacementChar || c == '`' {
		return false
	}
	if len(before) == 0 {
		return unicode.IsLetter(c) || unicode.IsNumber(c) || c > unicode.MaxASCII && unicode.IsSymbol(c)
	}
	last := before[len(before)-1]
	switch {
	case c == ' ':
		return last != ' '
	case unicode.IsPunct(c):
		return !punctuated && (c > unicode.MaxASCII || strings.ContainsRune(namePunctuation, c))
	case unicode.IsMark(c):
		return last != ' ' && !unicode.IsPunct(last)
	}
	return unicode.IsLetter(c) || unicode.IsNumber(c) || unicode.IsSymbol(c)
}

// ValidDisplayName reports whether the official app takes name as it is.
func ValidDisplayName(name string) bool {
	return name != "" && CleanDisplayName(name) == name
}
