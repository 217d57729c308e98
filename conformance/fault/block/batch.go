package block

import (
	"encoding/binary"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// batchFaults are mistakes about several transmissions in a block.
var batchFaults = []fault.Fault{
	{
		ID:     "block/only-first-served",
		Story:  "A block is read as one transmission, and the others of its block are ignored.",
		Breaks: []string{"SMP-BLOCK-BATCH", "SMP-BLOCK-COUNT"},
		Cases:  []string{"relay/block/batch"},
		Apply:  servesUpTo(1),
	},
	{
		ID:     "block/batch-entity",
		Story:  "Answers that share a block share the entity id of the last of them.",
		Breaks: []string{"SMP-BLOCK-BATCH"},
		Cases:  []string{"relay/block/batch", "relay/block/batch-subscriptions"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Encode
			st.Encode = func(s *relay.Session, outs []relay.Output) ([][]byte, error) {
				outs = append([]relay.Output(nil), outs...)
				last := []byte(nil)
				for i := len(outs) - 1; i >= 0; i-- {
					switch {
					case len(outs[i].EntityID) == 0:
					case last == nil:
						last = outs[i].EntityID
					default:
						outs[i].EntityID = last
					}
				}
				return next(s, outs)
			}
		}),
	},
	{
		ID:     "block/batch-of-64",
		Story:  "A block has room for 64 commands in the table of the relay, and the others are ignored.",
		Breaks: []string{"SMP-BLOCK-BATCH"},
		Cases:  []string{"relay/block/batch-subscriptions"},
		Apply:  servesUpTo(64),
	},
	{
		ID:       "block/count-signed",
		Story:    "The count of a block is a signed byte, so that more than 127 transmissions are less than none.",
		Breaks:   []string{"SMP-BLOCK-BATCH-255"},
		Cases:    []string{"relay/block/batch-255"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply:    refusesCount(func(n byte) bool { return int8(n) < 0 }),
	},
	{
		ID:       "block/count-254",
		Story:    "The count 255 is taken for a mark that something else follows.",
		Breaks:   []string{"SMP-BLOCK-BATCH-255"},
		Cases:    []string{"relay/block/batch-255"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply:    refusesCount(func(n byte) bool { return n == smp.MaxTransmissions }),
	},
	{
		ID:     "block/batch-malformed-refused",
		Story:  "One malformed transmission makes the whole block an error, and nothing of it is served.",
		Breaks: []string{"SMP-BLOCK-BATCH-MALFORMED"},
		Cases:  []string{"relay/block/batch-malformed"},
		Apply: fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
			requests := next(s, content)
			for i := range requests {
				if fault.Failed(&requests[i], smp.ErrBlock) {
					return []relay.Request{{Err: smp.ErrBlock}}
				}
			}
			return requests
		}),
	},
	{
		ID:     "block/batch-malformed-ends",
		Story:  "After a malformed transmission the relay does not know where the next one begins, and stops.",
		Breaks: []string{"SMP-BLOCK-BATCH-MALFORMED"},
		Cases:  []string{"relay/block/batch-malformed"},
		Apply: fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
			requests := next(s, content)
			for i := range requests {
				if fault.Failed(&requests[i], smp.ErrBlock) {
					return requests[:i+1]
				}
			}
			return requests
		}),
	},
}

// mistakenContentFaults are mistakes about contents that are no list of transmissions.
var mistakenContentFaults = []fault.Fault{
	{
		ID:     "block/count-zero-ignored",
		Story:  "A block with no transmissions is answered with none.",
		Breaks: []string{"SMP-BLOCK-COUNT-ZERO"},
		Cases:  []string{"relay/block/count-zero"},
		Apply: fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
			if len(content) > 0 && content[0] == 0 {
				return nil
			}
			return next(s, content)
		}),
	},
	{
		ID:     "block/count-ignored",
		Story:  "Transmissions are read up to the end of the content, and the count is not compared.",
		Breaks: []string{"SMP-BLOCK-COUNT", "SMP-BLOCK-COUNT-ZERO"},
		Cases:  []string{"relay/block/count-zero", "relay/block/cut"},
		Apply: fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
			if items := itemsIn(content, false); items != nil {
				content = append([]byte{byte(len(items))}, content[1:]...)
			}
			return next(s, content)
		}),
	},
	{
		ID:     "block/empty-ignored",
		Story:  "An empty block keeps the connection alive and needs no answer.",
		Breaks: []string{"SMP-BLOCK-EMPTY"},
		Cases:  []string{"relay/block/empty"},
		Apply: fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
			if len(content) == 0 {
				return nil
			}
			return next(s, content)
		}),
	},
	{
		ID:     "block/cut-served",
		Story:  "A transmission ends at the end of the content, whatever its length says.",
		Breaks: []string{"SMP-BLOCK-CUT"},
		Cases:  []string{"relay/block/cut"},
		Apply: fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
			if items := itemsIn(content, true); items != nil {
				if completed, err := smp.EncodeBlock(items...); err == nil {
					return next(s, completed)
				}
			}
			return next(s, content)
		}),
	},
	{
		ID:     "block/trailing-ignored",
		Story:  "What follows the last transmission that is counted is not looked at.",
		Breaks: []string{"SMP-BLOCK-TRAILING"},
		Cases:  []string{"relay/block/trailing"},
		Apply: fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
			return next(s, counted(content))
		}),
	},
	{
		ID:     "block/error-with-correlation",
		Story:  "ERR BLOCK has a correlation id of zeros, since every answer has one of 24 bytes.",
		Breaks: []string{"SMP-BLOCK-ERROR-EMPTY-CORRELATION"},
		Cases:  []string{"relay/block/error-correlation"},
		Apply: fault.ChangesOutputs(func(_ *relay.Session, out *relay.Output) {
			if fault.IsError(out, smp.ErrBlock) && len(out.CorrelationID) == 0 {
				out.CorrelationID = make([]byte, smp.CorrelationIDSize)
			}
		}),
	},
	{
		ID:     "block/error-ends-session",
		Story:  "A client that has sent one wrong block is not listened to any more.",
		Breaks: []string{"SMP-BLOCK-ERROR-CONTINUES"},
		Cases:  []string{"relay/block/error-continues"},
		Apply:  closesAfter(func(out *relay.Output) bool { return fault.IsError(out, smp.ErrBlock) }),
	},
}

// servesUpTo serves so many transmissions of a block and ignores the others.
func servesUpTo(most int) func(*relay.Config) {
	return fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
		requests := next(s, content)
		return requests[:min(len(requests), most)]
	})
}

// itemsIn returns the transmissions of a content up to its end, whatever it counts, and
// nil if there are none or one is cut. With cut, the last one may be cut, except in its
// length.
func itemsIn(content []byte, cut bool) (items [][]byte) {
	const prefix = 2
	for at := 1; at < len(content); {
		if at+prefix > len(content) {
			return nil
		}
		end := at + prefix + int(binary.BigEndian.Uint16(content[at:]))
		if end > len(content) && !cut {
			return nil
		}
		end = min(end, len(content))
		items = append(items, content[at+prefix:end])
		at = end
	}
	return items
}

// redecodes has repair look at every transmission of a block before it is decoded, and
// decodes what it returns in its place; nil is for those that stay as they are.
func redecodes(repair func(s *relay.Session, item []byte) []byte) func(*relay.Config) {
	return fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
		items, err := smp.DecodeBlock(content)
		if err != nil {
			return next(s, content)
		}
		for i := range items {
			if repaired := repair(s, items[i]); repaired != nil {
				items[i] = repaired
			}
		}
		repaired, err := smp.EncodeBlock(items...)
		if err != nil {
			return next(s, content)
		}
		return next(s, repaired)
	})
}

// refusesCount takes a block with such a number of transmissions for malformed.
func refusesCount(wrong func(n byte) bool) func(*relay.Config) {
	return fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
		if len(content) > 0 && wrong(content[0]) {
			return []relay.Request{{Err: smp.ErrBlock}}
		}
		return next(s, content)
	})
}
