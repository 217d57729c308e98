package relay

import "smpcheck/reference/smp"

// output is the answer to a request, still without response.
func (r *Request) output() Output {
	return Output{CorrelationID: r.Transmission.CorrelationID, EntityID: r.Transmission.EntityID}
}

// failure is the answer to a request that failed.
func (r *Request) failure(err *smp.Error) Output {
	out := r.output()
	out.Response = fail(err)
	return out
}

// defaultDecode is the stage Decode.
func defaultDecode(s *Session, content []byte) []Request {
	received := smp.DecodeCommands(s.Version(), s.conn.SessionID(), content)
	requests := make([]Request, len(received))
	for i, c := range received {
		requests[i] = Request{Transmission: c.Transmission, Command: c.Command, Err: smp.AnswerTo(c.Err)}
	}
	return requests
}

// maxTransmission is the longest transmission that fits a block, which has a
// count and the transmission's length besides.
const maxTransmission = smp.EncryptedContent - 3

// defaultEncode is the stage Encode. A message that nobody asked for has a
// block of its own; everything else shares blocks as far as it fits. An answer
// that fits no block – a message under a correlation id that is much too long –
// becomes ERR LARGE_MSG.
func defaultEncode(s *Session, outs []Output) ([][]byte, error) {
	encoded := make([][]byte, len(outs))
	for i := range outs {
		var err error
		if encoded[i], err = s.encode(&outs[i], outs[i].Response); err != nil {
			return nil, err
		}
		if len(encoded[i]) <= maxTransmission {
			continue
		}
		if encoded[i], err = s.encode(&outs[i], fail(smp.ErrLargeMsg)); err != nil {
			return nil, err
		}
	}
	var contents [][]byte
	for first := 0; first < len(outs); {
		end := first + 1
		for end < len(outs) && !outs[first].pushed() && !outs[end].pushed() {
			end++
		}
		for _, block := range smp.Batch(encoded[first:end], smp.EncryptedContent) {
			if block.Err != nil {
				return nil, block.Err
			}
			contents = append(contents, block.Content)
		}
		first = end
	}
	return contents, nil
}

// encode returns the encoding of a response with the ids of an output.
func (s *Session) encode(out *Output, response smp.Response) ([]byte, error) {
	command, err := smp.EncodeResponse(s.Version(), response)
	if err != nil {
		return nil, err
	}
	t := smp.Transmission{CorrelationID: out.CorrelationID, EntityID: out.EntityID, Command: command}
	if s.Version() < smp.VersionAuthenticators {
		t.SessionID = s.conn.SessionID()
	}
	return t.Encode(s.Version())
}
