package chat

import (
	"fmt"
	"unicode/utf8"
)

// Profile is what contacts see of each other. Pictures, preferences and links of a received
// profile are not kept.
type Profile struct {
	DisplayName string `json:"displayName"`
	FullName    string `json:"fullName"`
}

// check returns ErrDisplayName or ErrText if the profile cannot be sent.
func (p Profile) check() error {
	switch {
	case !ValidDisplayName(p.DisplayName):
		return fmt.Errorf("%w: %q can be %q", ErrDisplayName, p.DisplayName, CleanDisplayName(p.DisplayName))
	case !utf8.ValidString(p.FullName):
		return fmt.Errorf("full name: %w", ErrText)
	}
	return nil
}

// profile returns the field "profile" of the parameters of an event. Any name is taken, as
// the official app does, and a missing full name is empty.
func (o object) profile() (Profile, error) {
	inner, err := o.object("profile")
	if err != nil {
		return Profile{}, err
	}
	var p Profile
	if p.DisplayName, err = inner.text("displayName"); err != nil {
		return Profile{}, err
	}
	p.FullName, err = inner.optionalText("fullName")
	return p, err
}
