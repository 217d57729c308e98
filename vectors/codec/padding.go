package codec

import (
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

var padding = area{
	operations: map[string]handler{
		"pad":   operation(pad),
		"unpad": operation(unpad),
	},
	classes: []class{
		{wire.ErrPadTooLong, "TooLong"},
		{wire.ErrPadShort, "Truncated"},
		{wire.ErrPadLength, "PaddingLength"},
	},
}

// base has the errors that all areas share.
var base = area{classes: []class{
	{wire.ErrTruncated, "Truncated"},
	{wire.ErrTrailing, "Trailing"},
	{wire.ErrTooLong, "TooLong"},
}}

type message struct {
	Message vectors.Hex `json:"message"`
	Length  int         `json:"length"`
}

type padded struct {
	Padded vectors.Hex `json:"padded"`
}

type unpadded struct {
	Message vectors.Hex `json:"message"`
	Padding vectors.Hex `json:"padding"`
}

func pad(in message) (padded, error) {
	b, err := wire.Pad(nil, in.Message, in.Length)
	return padded{b}, err
}

func unpad(in padded) (unpadded, error) {
	m, err := wire.Unpad(in.Padded)
	if err != nil {
		return unpadded{}, err
	}
	return unpadded{Message: m, Padding: in.Padded[2+len(m):]}, nil
}
