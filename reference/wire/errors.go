package wire

import "errors"

// Errors of the encodings. Callers match them with errors.Is; the text that
// wraps them says where and how long.
var (
	// ErrTruncated: the input ends before the field does.
	ErrTruncated = errors.New("input ends inside a field")
	// ErrTrailing: bytes remain after the last field.
	ErrTrailing = errors.New("bytes after the last field")
	// ErrTooLong: the value does not fit the length prefix of its encoding.
	ErrTooLong = errors.New("value too long for its length prefix")
	// ErrBadBool: a boolean is neither 'T' nor 'F'.
	ErrBadBool = errors.New("boolean is neither 'T' nor 'F'")
	// ErrBadMaybe: an option is introduced by neither '0' nor '1'.
	ErrBadMaybe = errors.New("option is neither '0' nor '1'")
	// ErrPadTooLong: the content does not fit the padded size.
	ErrPadTooLong = errors.New("content too long for the padded size")
	// ErrPadShort: the padded text is too short to hold its length.
	ErrPadShort = errors.New("padded text shorter than its length prefix")
	// ErrPadLength: the length prefix points beyond the padded text.
	ErrPadLength = errors.New("padded length exceeds the text")
	// ErrRange: a version range has its minimum above its maximum.
	ErrRange = errors.New("version range has its minimum above its maximum")
)
