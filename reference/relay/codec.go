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

// defaultEncode is the stage Encode. A message that nobody asked for has a
// block of its own; everything else shares blocks as far as it fits.
func defaultEncode(s *Session, outs []Output) ([][]byte, error) {
	encoded := make([][]byte, len(outs))
	for i := range outs {
		var err error
		if encoded[i], err = s.encode(&outs[i]); err != nil {
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

// encode returns the encoding of one output.
func (s *Session) encode(out *Output) ([]byte, error) {
	command, err := smp.EncodeResponse(s.Version(), out.Response)
	if err != nil {
		return nil, err
	}
	t := smp.Transmission{CorrelationID: out.CorrelationID, EntityID: out.EntityID, Command: command}
	if s.Version() < smp.VersionAuthenticators {
		t.SessionID = s.conn.SessionID()
	}
	return t.Encode(s.Version())
}
