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

// responseRoom is for everything in a transmission but the body of a message: ids,
// session identifier, and a short response.
const responseRoom = 160

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
	contents := make([][]byte, 0, len(outs))
	for first := 0; first < len(outs); {
		end := first + 1
		for end < len(outs) && !outs[first].pushed() && !outs[end].pushed() {
			end++
		}
		var err error
		if contents, err = s.appendBlocks(contents, outs[first:end]); err != nil {
			return nil, err
		}
		first = end
	}
	return contents, nil
}

// appendBlocks appends to contents those of blocks that outs share.
func (s *Session) appendBlocks(contents [][]byte, outs []Output) ([][]byte, error) {
	if len(outs) == 1 {
		content, err := s.encode(&outs[0])
		if err == nil {
			err = smp.PutBlockHead(content)
		}
		return append(contents, content), err
	}
	transmissions := make([][]byte, len(outs))
	for i := range outs {
		content, err := s.encode(&outs[i])
		if err != nil {
			return nil, err
		}
		transmissions[i] = content[smp.BlockHead:]
	}
	for _, block := range smp.Batch(transmissions, smp.EncryptedContent) {
		if block.Err != nil {
			return nil, block.Err
		}
		contents = append(contents, block.Content)
	}
	return contents, nil
}

// encode returns the transmission of an output behind room for the head of a block.
func (s *Session) encode(out *Output) ([]byte, error) {
	content, err := s.encodeResponse(out, out.Response)
	if err == nil && len(content)-smp.BlockHead > maxTransmission {
		return s.encodeResponse(out, fail(smp.ErrLargeMsg))
	}
	return content, err
}

func (s *Session) encodeResponse(out *Output, response smp.Response) ([]byte, error) {
	t := smp.Transmission{CorrelationID: out.CorrelationID, EntityID: out.EntityID}
	if s.Version() < smp.VersionAuthenticators {
		t.SessionID = s.conn.SessionID()
	}
	content, err := t.Append(make([]byte, smp.BlockHead, smp.BlockHead+responseRoom+bodySize(response)), s.Version())
	if err != nil {
		return nil, err
	}
	return smp.AppendResponse(content, s.Version(), response)
}

// bodySize is the number of bytes in what makes a response long.
func bodySize(response smp.Response) int {
	switch c := response.(type) {
	case smp.MSG:
		return len(c.Body)
	case smp.RRES:
		return len(c.Body)
	case smp.PRES:
		return len(c.Body)
	}
	return 0
}
