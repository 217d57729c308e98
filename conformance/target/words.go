package target

import (
	"errors"
	"strings"
)

// splitWords splits a command line into words as a POSIX shell does, without any
// expansion: blanks separate, single quotes keep everything, double quotes keep all but
// a backslash before one of `"\$` and the backquote, a backslash keeps the next
// character. No words and an open quote are errors.
func splitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord := false
	runes := []rune(line)
	for i := 0; i < len(runes); i++ {
		switch c := runes[i]; {
		case c == '\'' || c == '"':
			end, err := quoted(&word, runes, i)
			if err != nil {
				return nil, err
			}
			i, inWord = end, true
		case c == '\\':
			i++
			if i == len(runes) {
				return nil, errors.New("the command ends with a backslash")
			}
			word.WriteRune(runes[i])
			inWord = true
		case strings.ContainsRune(" \t\r\n", c):
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			word.WriteRune(c)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	if len(words) == 0 {
		return nil, errors.New("the command is empty")
	}
	return words, nil
}

// quoted appends to word what stands in quotes from start, and returns the index of
// the closing quote.
func quoted(word *strings.Builder, runes []rune, start int) (int, error) {
	quote := runes[start]
	for i := start + 1; i < len(runes); i++ {
		c := runes[i]
		if c == quote {
			return i, nil
		}
		if c == '\\' && quote == '"' && i+1 < len(runes) && strings.ContainsRune("\"\\$`", runes[i+1]) {
			i++
			c = runes[i]
		}
		word.WriteRune(c)
	}
	return 0, errors.New("the command has an open quote")
}
