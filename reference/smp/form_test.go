package smp_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/smp"
)

// responseForms are responses of which no official encoding was recorded, as the grammar of
// the document has them. Encrypted contents are any bytes.
var responseForms = map[string]smp.Response{
	"ALLS":                     smp.ALLS{},
	"PRES any bytes, \x00 too": smp.PRES{Body: []byte("any bytes, \x00 too")},
	"LNK \x06sender\x00\x05fixed\x00\x09user data":    smp.LNK{SenderID: []byte("sender"), Data: smp.LinkData{Fixed: []byte("fixed"), User: []byte("user data")}},
	"LNK \x00\x00\x00\x00\x00":                        smp.LNK{SenderID: []byte{}, Data: smp.LinkData{Fixed: []byte{}, User: []byte{}}},
	"LNK \x01s\x01\x00" + zeros(256) + "\x00\x01\xff": smp.LNK{SenderID: []byte("s"), Data: smp.LinkData{Fixed: []byte(zeros(256)), User: []byte{0xff}}},
}

func zeros(n int) string { return string(make([]byte, n)) }

func TestFormsOfResponses(t *testing.T) {
	t.Parallel()
	for text, r := range responseForms {
		b, err := smp.EncodeResponse(20, r)
		require.NoError(t, err, "%q", text)
		require.Equal(t, text, string(b))
		got, err := smp.DecodeResponse(20, []byte(text))
		require.NoError(t, err, "%q", text)
		require.Equal(t, r, got)
	}
	for _, text := range []string{
		"ALLS ", "ALLS \x00", "PRES", "LNK", "LNK ", "LNK \x01", "LNK \x00\x00", "LNK \x00\x00\x01", "LNK \x00\x00\x00\x00",
		"LNK \x00\x00\x00\x00\x01", "LNK \x00\x00\x00\x00\x00x", "LNK \x06sende\x00\x00\x00\x00",
	} {
		_, err := smp.DecodeResponse(20, []byte(text))
		require.ErrorIs(t, err, smp.ErrCmdSyntax, "%q", text)
	}
}

// NDEL is its bare name at every version.
func TestFormOfNDEL(t *testing.T) {
	t.Parallel()
	for v := range versions {
		b, err := smp.EncodeCommand(v, smp.NDEL{})
		require.NoError(t, err)
		require.Equal(t, "NDEL", string(b))
		got, err := smp.DecodeCommand(v, b)
		require.NoError(t, err)
		require.Equal(t, smp.NDEL{}, got)
		for _, text := range []string{"NDEL ", "NDELx", "NDEL x", "NDEL\x00"} {
			_, err := smp.DecodeCommand(v, []byte(text))
			require.Error(t, err, "%q", text)
		}
	}
}
