package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

var encoding = area{
	operations: map[string]handler{
		"encode_word16":        encodes((*wire.Writer).Uint16),
		"decode_word16":        decodes((*wire.Reader).Uint16),
		"encode_word32":        encodes((*wire.Writer).Uint32),
		"decode_word32":        decodes((*wire.Reader).Uint32),
		"encode_int64":         encodes(writeInt64),
		"decode_int64":         decodes(readInt64),
		"encode_boolean":       encodes((*wire.Writer).Bool),
		"decode_boolean":       decodes((*wire.Reader).Bool),
		"encode_short_string":  encodes(func(w *wire.Writer, v vectors.Hex) { w.Short(v) }),
		"decode_short_string":  decodes(func(r *wire.Reader) vectors.Hex { return r.Short() }),
		"encode_large_string":  encodes(func(w *wire.Writer, v vectors.Hex) { w.Large(v) }),
		"decode_large_string":  decodes(func(r *wire.Reader) vectors.Hex { return r.Large() }),
		"encode_optional":      encodes(writeOptional),
		"decode_optional":      decodes(readOptional),
		"encode_list":          operation(encodeList),
		"decode_list":          operation(decodeList),
		"encode_version_range": operation(encodeVersionRange),
		"decode_version_range": operation(decodeVersionRange),
		"parse_version_range":  operation(parseVersionRange),
		"common_versions":      operation(commonVersions),
		"cap_versions":         operation(capVersions),
	},
	classes: []class{
		{wire.ErrBadBool, "BadBoolean"},
		{wire.ErrBadMaybe, "BadOption"},
		{wire.ErrRange, "BadVersionRange"},
		{wire.ErrVersionText, "NotVersions"},
		{errEmptyList, "EmptyList"},
		{errNoCommonVersion, "NoCommonVersion"},
		{errVersionOutside, "VersionOutside"},
	},
}

var (
	errEmptyList       = errors.New("a list of no items")
	errNoCommonVersion = errors.New("no version in common")
	errVersionOutside  = errors.New("version outside the range")
)

type value[T any] struct {
	Value T `json:"value"`
}

type encoded struct {
	Encoded vectors.Hex `json:"encoded"`
}

// encodes makes the operation that writes one value.
func encodes[T any](write func(*wire.Writer, T)) handler {
	return operation(func(in value[T]) (encoded, error) {
		return written(func(w *wire.Writer) { write(w, in.Value) })
	})
}

// decodes makes the operation that reads one value and nothing more.
func decodes[T any](read func(*wire.Reader) T) handler {
	return operation(func(in encoded) (value[T], error) {
		r := wire.NewReader(in.Encoded)
		v := read(r)
		return value[T]{v}, r.Close()
	})
}

// written returns what a function writes.
func written(write func(*wire.Writer)) (encoded, error) {
	w := wire.NewWriter(nil)
	write(w)
	b, err := w.Bytes()
	return encoded{b}, err
}

func writeInt64(w *wire.Writer, text string) {
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		w.Fail(badRequest("%q is not an integer of 64 bits", text))
		return
	}
	w.Int64(v)
}

func readInt64(r *wire.Reader) string { return strconv.FormatInt(r.Int64(), 10) }

func writeOptional(w *wire.Writer, v *vectors.Hex) {
	w.Maybe(v != nil)
	if v != nil {
		w.Short(*v)
	}
}

func readOptional(r *wire.Reader) *vectors.Hex {
	if !r.Maybe() {
		return nil
	}
	v := vectors.Hex(r.Short())
	return &v
}

type items struct {
	Values []vectors.Hex `json:"values"`
}

func encodeList(in items) (encoded, error) {
	switch {
	case len(in.Values) == 0:
		return encoded{}, errEmptyList
	case len(in.Values) > 255:
		return encoded{}, fmt.Errorf("%w: %d items", wire.ErrTooLong, len(in.Values))
	}
	return written(func(w *wire.Writer) {
		w.Byte(byte(len(in.Values)))
		for _, v := range in.Values {
			w.Short(v)
		}
	})
}

func decodeList(in encoded) (items, error) {
	r := wire.NewReader(in.Encoded)
	count := int(r.Byte())
	if r.Err() == nil && count == 0 {
		r.Fail(errEmptyList)
	}
	var out items
	for range count {
		out.Values = append(out.Values, r.Short())
	}
	return out, r.Close()
}

// versions is a version range in JSON: lowest and highest.
type versions [2]uint16

func (v versions) wire() (wire.VersionRange, error) {
	if v[0] > v[1] {
		return wire.VersionRange{}, fmt.Errorf("%w: %d-%d", wire.ErrRange, v[0], v[1])
	}
	return wire.Versions(v[0], v[1]), nil
}

type versionRange struct {
	Range versions `json:"range"`
}

func encodeVersionRange(in versionRange) (encoded, error) {
	v, err := in.Range.wire()
	if err != nil {
		return encoded{}, err
	}
	return written(func(w *wire.Writer) { w.Range(v) })
}

func decodeVersionRange(in encoded) (versionRange, error) {
	r := wire.NewReader(in.Encoded)
	v := r.Range()
	return versionRange{versions{v.Min, v.Max}}, r.Close()
}

type text struct {
	Text string `json:"text"`
}

type parsedVersionRange struct {
	Range     versions `json:"range"`
	Canonical string   `json:"canonical"`
}

func parseVersionRange(in text) (parsedVersionRange, error) {
	v, err := wire.ParseVersions(in.Text)
	return parsedVersionRange{versions{v.Min, v.Max}, v.String()}, err
}

type twoRanges struct {
	Range1 versions `json:"range1"`
	Range2 versions `json:"range2"`
}

type commonRange struct {
	Sent1   vectors.Hex `json:"sent1"`
	Sent2   vectors.Hex `json:"sent2"`
	Common  versions    `json:"common"`
	Version uint16      `json:"version"`
}

func commonVersions(in twoRanges) (commonRange, error) {
	first, err := in.Range1.wire()
	if err != nil {
		return commonRange{}, err
	}
	second, err := in.Range2.wire()
	if err != nil {
		return commonRange{}, err
	}
	common, ok := first.Common(second)
	if !ok {
		return commonRange{}, fmt.Errorf("%w: %s and %s", errNoCommonVersion, first, second)
	}
	return commonRange{sent(first), sent(second), versions{common.Min, common.Max}, common.Max}, nil
}

// sent returns a range as it stands on the wire, four bytes.
func sent(v wire.VersionRange) vectors.Hex {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, v.Min), v.Max)
}

type choice struct {
	Range   versions `json:"range"`
	Version uint16   `json:"version"`
}

type capped struct {
	Sent   vectors.Hex `json:"sent"`
	Answer vectors.Hex `json:"answer"`
	Capped versions    `json:"capped"`
}

func capVersions(in choice) (capped, error) {
	own, err := in.Range.wire()
	if err != nil {
		return capped{}, err
	}
	if !own.Contains(in.Version) {
		return capped{}, fmt.Errorf("%w: %d and %s", errVersionOutside, in.Version, own)
	}
	return capped{sent(own), binary.BigEndian.AppendUint16(nil, in.Version), versions{own.Min, in.Version}}, nil
}
