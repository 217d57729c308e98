package main

import (
	"bytes"

	"github.com/mdp/qrterminal/v3"
	"rsc.io/qr"
)

// quietZone is the margin of a QR code in modules.
const quietZone = 2

// qrCode returns a QR code in half blocks for a terminal with light text on dark
// ground, or nothing if the text does not fit one.
func qrCode(text string) string {
	if _, err := qr.Encode(text, qr.L); err != nil {
		return ""
	}
	var b bytes.Buffer
	qrterminal.GenerateWithConfig(text, qrterminal.Config{
		Level: qrterminal.L, Writer: &b, HalfBlocks: true, QuietZone: quietZone,
		BlackChar: qrterminal.BLACK_BLACK, WhiteBlackChar: qrterminal.WHITE_BLACK,
		WhiteChar: qrterminal.WHITE_WHITE, BlackWhiteChar: qrterminal.BLACK_WHITE,
	})
	return b.String()
}

// withQR returns the text with a QR code of the link below it, if one is wanted: on
// terminals unless --no-qr, elsewhere with --qr.
func (a *app) withQR(text, link string, qr, noQR bool) string {
	if noQR || !qr && !a.terminal {
		return text
	}
	return text + "\n\n" + qrCode(link)
}
