package regression

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"unicode/utf8"
)

// corpusHeader is the first line of an input that "go test -fuzz" has kept.
const corpusHeader = "go test fuzz v1"

// ParseInput reads the input of a native fuzz target: a file of testdata/fuzz, whose values
// are []byte, string, bool, int64 or uint64, in their order; or, if it is none, all its
// bytes as the one value.
func ParseInput(text []byte) ([]any, error) {
	head, rest, _ := bytes.Cut(text, []byte("\n"))
	if strings.TrimRight(string(head), "\r") != corpusHeader {
		return []any{text}, nil
	}
	var values []any
	for line := range strings.Lines(string(rest)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		value, err := parseValue(line)
		if err != nil {
			return nil, fmt.Errorf("value %d of the fuzz input: %w", len(values)+1, err)
		}
		values = append(values, value)
	}
	if len(values) == 0 {
		return nil, errors.New("the fuzz input has no values")
	}
	return values, nil
}

// parseValue reads a line such as []byte("x") or uint16(7).
func parseValue(line string) (any, error) {
	expression, err := parser.ParseExpr(line)
	if err != nil {
		return nil, fmt.Errorf("%.40q is not of the form TYPE(VALUE)", line)
	}
	call, ok := expression.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return nil, fmt.Errorf("%.40q is not of the form TYPE(VALUE)", line)
	}
	of := typeName(call.Fun)
	literal := literalText(call.Args[0])
	switch of {
	case "[]byte":
		value, err := strconv.Unquote(literal)
		return []byte(value), refused(of, literal, err)
	case "string":
		value, err := strconv.Unquote(literal)
		return value, refused(of, literal, err)
	case "bool":
		value, err := strconv.ParseBool(literal)
		return value, refused(of, literal, err)
	case "int", "int8", "int16", "int32", "int64", "rune":
		value, err := parseInteger(literal)
		return value, refused(of, literal, err)
	case "uint", "uint8", "uint16", "uint32", "uint64", "byte":
		if strings.HasPrefix(literal, "'") {
			value, err := parseInteger(literal)
			return uint64(value), refused(of, literal, err)
		}
		value, err := strconv.ParseUint(literal, 0, 64)
		return value, refused(of, literal, err)
	}
	return nil, fmt.Errorf("no input of an operation can be made of the type %q", of)
}

func refused(of, literal string, err error) error {
	if err != nil {
		return fmt.Errorf("%.40q is no %s", literal, of)
	}
	return nil
}

// typeName is the name of the type in a conversion, empty for one that no input has.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.ArrayType:
		if element, ok := e.Elt.(*ast.Ident); ok && e.Len == nil && element.Name == "byte" {
			return "[]byte"
		}
	}
	return ""
}

// literalText is a literal with its sign as it stands in the file.
func literalText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Value
	case *ast.Ident:
		return e.Name
	case *ast.UnaryExpr:
		if literal, ok := e.X.(*ast.BasicLit); ok && e.Op == token.SUB {
			return "-" + literal.Value
		}
	}
	return ""
}

// parseInteger reads an integer or a character.
func parseInteger(literal string) (int64, error) {
	if !strings.HasPrefix(literal, "'") {
		return strconv.ParseInt(literal, 0, 64)
	}
	text, err := strconv.Unquote(literal)
	if err != nil {
		return 0, err
	}
	// The file has '\xNN' for bytes, which are no characters.
	if r, size := utf8.DecodeRuneInString(text); r != utf8.RuneError || size > 1 {
		return int64(r), nil
	}
	return int64(text[0]), nil
}
