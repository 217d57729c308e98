package codec

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

var blocks = area{
	operations: map[string]handler{
		"encode_any_list":   operation(encodeAnyList),
		"decode_any_list":   operation(decodeAnyList),
		"read_short_string": operation(readShortString),
		"encode_base64url":  operation(encodeBase64),
		"encode_block":      operation(encodeBlock),
		"decode_block":      operation(decodeBlock),
		"batch":             operation(batchTransmissions),
		"seal_plain_block":  operation(sealPlainBlock),
		"open_plain_block":  operation(openPlainBlock),
		"digest_padded":     operation(digestPadded),
		"block_chains":      operation(blockChains),
		"block_key":         operation(blockKey),
		"seal_block":        operation(sealBlock),
		"open_block":        operation(openBlock),
	},
	classes: []class{
		{smp.ErrBlockEmpty, "EmptyBlock"},
		{smp.ErrBlockFull, "BlockFull"},
		{errBlockSize, "BlockSize"},
	},
}

var errBlockSize = errors.New("wrong block size")

// sum returns the SHA-256 of bytes.
func sum(b []byte) vectors.Hex {
	hash := sha256.Sum256(b)
	return hash[:]
}

func encodeAnyList(in items) (encoded, error) {
	if len(in.Values) == 0 {
		return encoded{vectors.Hex{0}}, nil
	}
	return encodeList(in)
}

func decodeAnyList(in encoded) (items, error) {
	if len(in.Encoded) == 1 && in.Encoded[0] == 0 {
		return items{Values: []vectors.Hex{}}, nil
	}
	return decodeList(in)
}

type valueAndRest struct {
	Value vectors.Hex `json:"value"`
	Rest  vectors.Hex `json:"rest"`
}

func readShortString(in encoded) (valueAndRest, error) {
	r := wire.NewReader(in.Encoded)
	value := r.Short()
	return valueAndRest{value, r.Rest()}, r.Err()
}

func encodeBase64(in value[vectors.Hex]) (text, error) {
	return text{base64.URLEncoding.EncodeToString(in.Value)}, nil
}

type transmissionList struct {
	Transmissions []vectors.Hex `json:"transmissions"`
}

func (l transmissionList) bytes() [][]byte {
	items := make([][]byte, len(l.Transmissions))
	for i, t := range l.Transmissions {
		items[i] = t
	}
	return items
}

type blockContent struct {
	Content vectors.Hex `json:"content"`
}

func encodeBlock(in transmissionList) (blockContent, error) {
	b, err := smp.EncodeBlock(in.bytes()...)
	return blockContent{b}, err
}

func decodeBlock(in blockContent) (transmissionList, error) {
	items, err := smp.DecodeBlock(in.Content)
	if err != nil {
		return transmissionList{}, err
	}
	var out transmissionList
	for _, t := range items {
		out.Transmissions = append(out.Transmissions, t)
	}
	return out, nil
}

type batchInputs struct {
	transmissionList
	Limit int `json:"limit"`
}

type batchBlocks struct {
	Blocks  []batchBlock  `json:"blocks"`
	Counts  []int         `json:"counts"`
	Lengths []int         `json:"lengths"`
	Digests []vectors.Hex `json:"digests"`
	Free    []int         `json:"free"`
}

type batchBlock struct {
	Indexes []int        `json:"indexes"`
	Count   int          `json:"count,omitempty"`
	Len     int          `json:"content_len,omitempty"`
	First   *vectors.Hex `json:"content_first_16,omitempty"`
	SHA256  *vectors.Hex `json:"content_sha256,omitempty"`
	Error   string       `json:"error,omitempty"`
}

func batchTransmissions(in batchInputs) (batchBlocks, error) {
	out := batchBlocks{Blocks: []batchBlock{}, Counts: []int{}, Lengths: []int{}, Digests: []vectors.Hex{}, Free: []int{}}
	const overhead = 3 // the number of transmissions and the length of one
	for _, b := range smp.Batch(in.bytes(), in.Limit) {
		var item batchBlock
		for i := range b.Count {
			item.Indexes = append(item.Indexes, b.First+i)
		}
		content, free := b.Content, in.Limit-len(b.Content)
		if answer := smp.AnswerTo(b.Err); answer != nil {
			item.Error = answer.Error()
			content = in.Transmissions[b.First]
			free = overhead + len(content) - in.Limit
		} else if b.Err != nil {
			return batchBlocks{}, b.Err
		} else {
			item.Count, item.Len = b.Count, len(content)
			item.First, item.SHA256 = optional(content[:min(16, len(content))]), optional(sum(content))
		}
		out.Blocks, out.Counts = append(out.Blocks, item), append(out.Counts, item.Count)
		out.Lengths, out.Digests = append(out.Lengths, len(content)), append(out.Digests, sum(content))
		out.Free = append(out.Free, free)
	}
	return out, nil
}

type plainContent struct {
	Content   vectors.Hex `json:"content"`
	BlockSize int         `json:"block_size"`
}

type rawBlock struct {
	Block vectors.Hex `json:"block"`
}

func sealPlainBlock(in plainContent) (rawBlock, error) {
	b, err := wire.Pad(nil, in.Content, in.BlockSize)
	return rawBlock{b}, err
}

type sizedBlock struct {
	rawBlock
	BlockSize int `json:"block_size"`
}

func (b sizedBlock) check() error {
	if len(b.Block) != b.BlockSize {
		return fmt.Errorf("%w: %d bytes, expected %d", errBlockSize, len(b.Block), b.BlockSize)
	}
	return nil
}

type openedBlock struct {
	Content vectors.Hex `json:"content"`
	Padding vectors.Hex `json:"padding"`
}

func openPlainBlock(in sizedBlock) (openedBlock, error) {
	if err := in.check(); err != nil {
		return openedBlock{}, err
	}
	u, err := unpadBytes(in.Block)
	return openedBlock{u.Message, u.Padding}, err
}

type digestInputs struct {
	message
	Ends int `json:"ends"`
}

type paddedDigest struct {
	MessageSHA256 vectors.Hex `json:"message_sha256"`
	Length        int         `json:"padded_length"`
	SHA256        vectors.Hex `json:"padded_sha256"`
	First         vectors.Hex `json:"first"`
	Last          vectors.Hex `json:"last"`
}

func digestPadded(in digestInputs) (paddedDigest, error) {
	b, err := wire.Pad(nil, in.Message, in.Length)
	if err != nil {
		return paddedDigest{}, err
	}
	if in.Ends < 0 || in.Ends > len(b) {
		return paddedDigest{}, badRequest("%d bytes do not have ends of %d", len(b), in.Ends)
	}
	return paddedDigest{sum(in.Message), len(b), sum(b), b[:in.Ends], b[len(b)-in.Ends:]}, nil
}
