package queue

import (
	"bytes"
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

var newFormFaults = slices.Concat(newForms(), []fault.Fault{
	{
		ID:       "new/option-any-byte",
		Story:    "Every byte but 1 in the place of an option is taken for none.",
		Breaks:   []string{"SMP-NEW-OPTION-OTHER"},
		Cases:    []string{"relay/new/option"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply: fault.Rewrites("NEW", func(_ uint16, command []byte) []byte {
			if at := behindKeys(command); at < len(command) && command[at] != '1' {
				command[at] = '0'
			}
			return command
		}),
	},
	{
		ID:       "new/request-any-mode",
		Story:    "A queue mode that the relay does not know is taken for that of contact queues.",
		Breaks:   []string{"SMP-LINK-REQUEST-OTHER"},
		Cases:    []string{"relay/new/request-other"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply: fault.Rewrites("NEW", func(_ uint16, command []byte) []byte {
			at := behindKeys(command)
			if at < len(command) && command[at] == '1' && at+1 < len(command) {
				at += 1 + int(command[at+1]) // the password
			}
			at += len("0S1")
			if at < len(command) {
				command[at] = 'M'
			}
			return command
		}),
	},
	{
		ID:     "new/any-subscription-mode",
		Story:  "Every subscription mode but C is taken for S.",
		Breaks: []string{"SMP-NEW-MODE-UNKNOWN"},
		Cases:  []string{"relay/new/mode-unknown"},
		Apply: fault.Rewrites("NEW", func(_ uint16, command []byte) []byte {
			at := behindKeys(command)
			if at < len(command) && command[at] == '1' && at+1 < len(command) {
				at += 1 + int(command[at+1])
			}
			if at++; at < len(command) {
				command[at] = 'S'
			}
			return command
		}),
	},
	{
		ID:     "new/trailing-ignored",
		Story:  "What follows the parameters that the relay knows is taken for those of a newer version.",
		Breaks: []string{"SMP-TX-TRAILING"},
		Cases:  []string{"relay/new/trailing"},
		Apply: fault.Rewrites("NEW", func(_ uint16, command []byte) []byte {
			return bytes.TrimSuffix(command, []byte("x"))
		}),
	},
	{
		ID:     "new/second-key-optional",
		Story:  "NEW that ends after the first key is that of a client which encrypts on its own.",
		Breaks: []string{"SMP-TX-SYNTAX"},
		Cases:  []string{"relay/transmission/syntax"},
		Apply: fault.Rewrites("NEW", func(v uint16, command []byte) []byte {
			const oneKey = len("NEW ") + 1 + 44 // of an Ed25519 key
			if len(command) != oneKey {
				return nil
			}
			return withSecondKey(v, command)
		}),
	},
	{
		ID:     "new/malformed-is-unknown",
		Story:  "NEW that cannot be parsed is answered like a command that does not exist.",
		Breaks: []string{"SMP-NEW-MODE-UNKNOWN", "SMP-NEW-OPTION-OTHER", "SMP-LINK-REQUEST-OTHER", "SMP-TX-TRAILING"},
		Cases:  []string{"relay/new/mode-unknown", "relay/new/option", "relay/new/request-other", "relay/new/trailing"},
		Apply:  instead("NEW", smp.ErrCmdSyntax, smp.ErrCmdUnknown),
	},
})

// newForms are relays that know the forms of NEW of other versions better.
func newForms() (faults []fault.Fault) {
	groups := []struct {
		name     string
		versions wire.VersionRange
	}{
		{"v6", wire.Versions(6, 8)}, {"v9", wire.Versions(9, 14)}, {"v15", wire.Versions(15, 16)}, {"v17", fault.Since(17)},
	}
	for i, g := range groups {
		requirement, noticing := "SMP-NEW-FORM-V"+g.name[1:], "relay/new/form-"+g.name
		neighbour, story := groups[max(i-1, 0)].versions.Min, "The form of NEW is that of the version before the last change."
		if i == 0 {
			neighbour, story = groups[1].versions.Min, "The form of NEW is that which came with sender keys, at every version."
		}
		faults = append(faults, fault.Fault{
			ID:       "new/form-" + g.name + "-as-neighbour",
			Story:    story,
			Breaks:   []string{requirement},
			Cases:    []string{noticing},
			Versions: g.versions,
			Apply:    readsNew(g.versions, func(uint16) []uint16 { return []uint16{neighbour} }),
		})
	}
	return append(faults, fault.Fault{
		ID:     "new/form-guessed",
		Story:  "The parser of NEW tries the forms of all versions one after the other.",
		Breaks: []string{"SMP-NEW-FORM-V6", "SMP-NEW-FORM-V9", "SMP-NEW-FORM-V15", "SMP-NEW-FORM-V17"},
		Cases:  []string{"relay/new/form-v6", "relay/new/form-v9", "relay/new/form-v15", "relay/new/form-v17"},
		Apply: readsNew(fault.Since(smp.MinVersion), func(agreed uint16) []uint16 {
			return []uint16{agreed, 17, 15, 9, 6}
		}),
	})
}

// readsNew decodes NEW at other versions than the agreed one, if that is in a range.
func readsNew(agreed wire.VersionRange, versions func(agreed uint16) []uint16) func(*relay.Config) {
	return fault.ChangesRequests(func(s *relay.Session, r *relay.Request) {
		if !agreed.Contains(s.Version()) || !fault.IsTagged(r.Transmission.Command, "NEW") {
			return
		}
		r.Command, r.Err = nil, smp.ErrCmdSyntax
		for _, v := range versions(s.Version()) {
			if c, err := smp.DecodeCommand(v, r.Transmission.Command); err == nil {
				r.Command, r.Err = c, nil
				return
			}
		}
	})
}

// withSecondKey makes a whole command of a NEW that ends after its first key.
func withSecondKey(v uint16, command []byte) []byte {
	_, spki, ok := bytes.Cut(command, []byte("NEW ,"))
	if !ok {
		return nil
	}
	key, err := keys.ParsePublic(spki)
	if err != nil {
		return nil
	}
	whole, err := smp.EncodeCommand(v, smp.NEW{AuthKey: key, DHKey: fault.NewKey(keys.X25519).Public(), Subscribe: true})
	if err != nil {
		return nil
	}
	return whole
}

// behindKeys is the place in NEW behind the two keys, where the option of the password
// is from version 9 on.
func behindKeys(command []byte) int {
	at := len("NEW ")
	for range 2 {
		if at < len(command) {
			at += 1 + int(command[at])
		}
	}
	return at
}

var passwordFaults = []fault.Fault{
	{
		ID:     "new/password-unchecked",
		Story:  "The password is checked by clients, which know it from the address.",
		Breaks: []string{"SMP-NEW-PASSWORD", "SMP-NEW-PASSWORD-WRONG"},
		Cases:  []string{"relay/new/password", "relay/new/password-wrong"},
		Apply: fault.Together(withPassword, creates(func(c smp.NEW) smp.NEW {
			c.Password = smp.Password(relayPassword)
			return c
		})),
	},
	{
		ID:     "new/password-optional",
		Story:  "A password in NEW is compared, and its absence is not.",
		Breaks: []string{"SMP-NEW-PASSWORD", "SMP-NEW-PASSWORD-WRONG"},
		Cases:  []string{"relay/new/password", "relay/new/password-wrong"},
		Apply: fault.Together(withPassword, creates(func(c smp.NEW) smp.NEW {
			if c.Password == nil {
				c.Password = smp.Password(relayPassword)
			}
			return c
		})),
	},
	passwordAlike("prefix", "As much of the password is compared as the client has sent.", func(sent []byte) bool {
		return bytes.HasPrefix([]byte(relayPassword), sent)
	}),
	passwordAlike("start", "The password is compared up to its length, and what follows is not.", func(sent []byte) bool {
		return bytes.HasPrefix(sent, []byte(relayPassword))
	}),
	{
		ID:     "new/password-wrong-is-prohibited",
		Story:  "NEW with a wrong password is answered as a command that the client must not use.",
		Breaks: []string{"SMP-NEW-PASSWORD-WRONG"},
		Cases:  []string{"relay/new/password-wrong"},
		Apply:  fault.Together(withPassword, instead("NEW", smp.ErrAuth, smp.ErrCmdProhibited)),
	},
	{
		ID:     "new/password-hides-mode",
		Story:  "The first byte behind the keys is taken for the subscription mode, also where a password comes first.",
		Breaks: []string{"SMP-NEW-PASSWORD-NEEDLESS"},
		Cases:  []string{"relay/new/password-needless"},
		Apply: creates(func(c smp.NEW) smp.NEW {
			c.Subscribe = c.Subscribe && c.Password == nil
			return c
		}),
	},
	{
		ID:     "new/password-needless-refused",
		Story:  "A password is compared with that of the relay also if that has none.",
		Breaks: []string{"SMP-NEW-PASSWORD-NEEDLESS"},
		Cases:  []string{"relay/new/password-needless"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.NEW, next fault.Execute) []relay.Output {
			if c.Password != nil {
				return fault.Refuse(r, smp.ErrAuth)
			}
			return next(s, r)
		}),
	},
}

// passwordAlike is a relay that takes passwords which are like its own.
func passwordAlike(name, story string, alike func(sent []byte) bool) fault.Fault {
	return fault.Fault{
		ID:     "new/password-" + name,
		Story:  story,
		Breaks: []string{"SMP-NEW-PASSWORD", "SMP-NEW-PASSWORD-WRONG"},
		Cases:  []string{"relay/new/password", "relay/new/password-wrong"},
		Apply: fault.Together(withPassword, creates(func(c smp.NEW) smp.NEW {
			if c.Password != nil && alike(c.Password) {
				c.Password = smp.Password(relayPassword)
			}
			return c
		})),
	}
}

// relayPassword is that of the relays whose mistakes are about it.
const relayPassword = "let-me-in"

func withPassword(c *relay.Config) { c.Password = smp.Password(relayPassword) }
