package block

import (
	"bytes"
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// formFaults are mistakes about transmissions that cannot be cut into fields.
var formFaults = []fault.Fault{
	{
		ID:     "transmission/malformed-ignored",
		Story:  "A transmission that cannot be read has no correlation id to answer to, and is dropped.",
		Breaks: []string{"SMP-TX-MALFORMED"},
		Cases:  []string{"relay/transmission/malformed"},
		Apply: fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
			return slices.DeleteFunc(next(s, content), func(r relay.Request) bool {
				return fault.Failed(&r, smp.ErrBlock) && len(r.Transmission.CorrelationID) == 0
			})
		}),
	},
	{
		ID:     "transmission/empty-ignored",
		Story:  "An empty transmission is taken for padding and skipped.",
		Breaks: []string{"SMP-TX-MALFORMED", "SMP-TX-EMPTY"},
		Cases:  []string{"relay/transmission/malformed"},
		Apply: fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
			items, err := smp.DecodeBlock(content)
			requests := next(s, content)
			if err != nil || len(items) != len(requests) {
				return requests
			}
			kept := requests[:0]
			for i, r := range requests {
				if len(items[i]) > 0 {
					kept = append(kept, r)
				}
			}
			return kept
		}),
	},
	{
		ID:     "transmission/malformed-as-syntax",
		Story:  "Whatever cannot be parsed is a mistake of syntax, a transmission too.",
		Breaks: []string{"SMP-TX-MALFORMED"},
		Cases:  []string{"relay/transmission/malformed"},
		Apply:  fault.ConfusesErrors(smp.ErrBlock, smp.ErrCmdSyntax),
	},
	{
		ID:       "transmission/option-unchecked",
		Story:    "Every byte but 1 after an authorization means that there is no signature of a service.",
		Breaks:   []string{"SMP-TX-SERVICE-SIGNATURE"},
		Cases:    []string{"relay/transmission/service-signature"},
		Versions: fault.Since(smp.VersionServices),
		Apply: redecodes(func(s *relay.Session, item []byte) []byte {
			if s.Version() < smp.VersionServices || len(item) == 0 || item[0] == 0 || len(item) <= 1+int(item[0]) || item[1+item[0]] == '1' {
				return nil
			}
			item = bytes.Clone(item)
			item[1+item[0]] = '0'
			return item
		}),
	},
	{
		ID:       "transmission/service-signature-ignored",
		Story:    "The signature of a service is only looked at in the session of one.",
		Breaks:   []string{"SMP-TX-SERVICE-SIGNATURE"},
		Cases:    []string{"relay/transmission/service-signature"},
		Versions: fault.Since(smp.VersionServices),
		Apply: fault.ChangesRequests(func(s *relay.Session, r *relay.Request) {
			if !fault.IsService(s) {
				r.Transmission.ServiceSignature = nil
			}
		}),
	},
	{
		ID:       "transmission/option-after-empty",
		Story:    "The option follows every authorization, and may be left out after an empty one.",
		Breaks:   []string{"SMP-TX-SERVICE-SIGNATURE-EMPTY"},
		Cases:    []string{"relay/transmission/service-signature-empty"},
		Versions: fault.Since(smp.VersionServices),
		Apply: redecodes(func(s *relay.Session, item []byte) []byte {
			if s.Version() < smp.VersionServices || !bytes.HasPrefix(item, []byte{0, '0'}) {
				return nil
			}
			return slices.Delete(bytes.Clone(item), 1, 2)
		}),
	},
	{
		ID:       "transmission/option-sent-after-empty",
		Story:    "Responses have the option too, after their empty authorization.",
		Breaks:   []string{"SMP-TX-SERVICE-SIGNATURE-EMPTY"},
		Cases:    []string{"relay/transmission/service-signature-empty"},
		Versions: fault.Since(smp.VersionServices),
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Encode
			st.Encode = func(s *relay.Session, outs []relay.Output) ([][]byte, error) {
				contents, err := next(s, outs)
				for i, content := range contents {
					if items, err := smp.DecodeBlock(content); err == nil && s.Version() >= smp.VersionServices {
						contents[i] = withOptions(items, content)
					}
				}
				return contents, err
			}
		}),
	},
}

// withOptions returns a block of the transmissions with an option after each empty
// authorization, and otherwise if it does not fit.
func withOptions(items [][]byte, otherwise []byte) []byte {
	for i := range items {
		if len(items[i]) > 0 && items[i][0] == 0 {
			items[i] = slices.Insert(bytes.Clone(items[i]), 1, '0')
		}
	}
	content, err := smp.EncodeBlock(items...)
	if err != nil || len(content) > smp.EncryptedContent {
		return otherwise
	}
	return content
}
