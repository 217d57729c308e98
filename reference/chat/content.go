package chat

import (
	"fmt"
	"unicode/utf8"
)

// TypeText is the type of content that is text and nothing else. Other types, such as
// "link", "image", "voice" or "file", may come with a text.
const TypeText = "text"

// Content is what a message says.
type Content struct {
	// Type is the type of the content, TypeText or another.
	Type string
	// Text is the text, empty for most pictures and files.
	Text string
}

// sentContent is the JSON of text to send.
type sentContent struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// textContent returns the content of a text to send; ErrText if it is empty or not UTF-8.
func textContent(text string) (*sentContent, error) {
	if text == "" || !utf8.ValidString(text) {
		return nil, ErrText
	}
	return &sentContent{TypeText, text}, nil
}

// content returns the field "content" of the parameters of an event. Types that the
// document does not know may have no text.
func (o object) content() (Content, error) {
	inner, err := o.object("content")
	if err != nil {
		return Content{}, err
	}
	var c Content
	if c.Type, err = inner.text("type"); err != nil {
		return Content{}, err
	}
	switch c.Type {
	case TypeText, "link", "image", "video", "voice", "file", "report", "chat":
		c.Text, err = inner.text("text")
	default:
		c.Text, err = inner.optionalText("text")
	}
	if err != nil {
		return Content{}, fmt.Errorf("content: %w", err)
	}
	return c, nil
}
