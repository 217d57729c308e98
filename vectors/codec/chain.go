package codec

import (
	"crypto/hkdf"
	"crypto/sha512"

	"smpcheck/reference/box"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// Labels of block encryption, which the vectors show.
const (
	chainsInfo = "SimpleXSbChainInit"
	stepInfo   = "SimpleXSbChain"
)

// longestChain bounds the number of steps that are done for one request.
const longestChain = 1 << 16

type chainInputs struct {
	Secret    vectors.Hex `json:"secret"`
	SessionID vectors.Hex `json:"session_id"`
}

type blockChainKeys struct {
	Info           string      `json:"info"`
	Extracted      vectors.Hex `json:"extracted"`
	RelayChainKey  vectors.Hex `json:"relay_chain_key"`
	ClientChainKey vectors.Hex `json:"client_chain_key"`
}

func blockChains(in chainInputs) (blockChainKeys, error) {
	if len(in.Secret) != box.KeySize {
		return blockChainKeys{}, box.ErrSecretSize
	}
	relay, client, err := box.NewChains(in.Secret, in.SessionID)
	if err != nil {
		return blockChainKeys{}, err
	}
	extracted, err := hkdf.Extract(sha512.New, in.Secret, in.SessionID)
	first, second := relay.Key(), client.Key()
	return blockChainKeys{chainsInfo, extracted, first[:], second[:]}, err
}

type chainPosition struct {
	ChainKey vectors.Hex `json:"chain_key"`
	Number   int         `json:"number"`
}

type blockKeys struct {
	Info        string      `json:"info"`
	Current     vectors.Hex `json:"current_chain_key"`
	Extracted   vectors.Hex `json:"extracted"`
	BoxKey      vectors.Hex `json:"box_key"`
	BlockSecret vectors.Hex `json:"block_secret"`
	BlockNonce  vectors.Hex `json:"block_nonce"`
	Next        vectors.Hex `json:"next_chain_key"`
}

func blockKey(in chainPosition) (blockKeys, error) {
	switch {
	case len(in.ChainKey) != box.KeySize:
		return blockKeys{}, box.ErrSecretSize
	case in.Number < 0 || in.Number > longestChain:
		return blockKeys{}, badRequest("number %d is not from 0 to %d", in.Number, longestChain)
	}
	chain := box.ChainFrom([box.KeySize]byte(in.ChainKey))
	for range in.Number {
		if _, _, err := chain.Next(); err != nil {
			return blockKeys{}, err
		}
	}
	current := chain.Key()
	secret, nonce, err := chain.Next()
	if err != nil {
		return blockKeys{}, err
	}
	extracted, err := hkdf.Extract(sha512.New, current[:], nil)
	if err != nil {
		return blockKeys{}, err
	}
	key, err := box.DeriveKey(secret[:])
	next := chain.Key()
	return blockKeys{stepInfo, current[:], extracted, key[:], secret[:], nonce[:], next[:]}, err
}

// direction says which block of a connection is meant.
type direction struct {
	chainInputs
	Sender string `json:"sender"`
	Number int    `json:"number"`
}

// keys returns the chain key that the sender starts with and the keys of the block.
func (d direction) keys() (vectors.Hex, blockKeys, error) {
	chains, err := blockChains(d.chainInputs)
	if err != nil {
		return nil, blockKeys{}, err
	}
	var start vectors.Hex
	switch d.Sender {
	case "relay":
		start = chains.RelayChainKey
	case "client":
		start = chains.ClientChainKey
	default:
		return nil, blockKeys{}, badRequest("sender %q is neither relay nor client", d.Sender)
	}
	k, err := blockKey(chainPosition{start, d.Number})
	return start, k, err
}

type blockToSeal struct {
	direction
	plainContent
}

type blockSteps struct {
	ChainKey    vectors.Hex `json:"chain_key"`
	BlockSecret vectors.Hex `json:"block_secret"`
	BlockNonce  vectors.Hex `json:"block_nonce"`
	BoxKey      vectors.Hex `json:"box_key"`
	Block       vectors.Hex `json:"block"`
}

func sealBlock(in blockToSeal) (blockSteps, error) {
	start, k, err := in.keys()
	if err != nil {
		return blockSteps{}, err
	}
	s, err := sealOf(k.BlockSecret, k.BlockNonce)
	if err != nil {
		return blockSteps{}, err
	}
	padded, err := wire.Pad(nil, in.Content, in.BlockSize-box.Overhead)
	return blockSteps{start, k.BlockSecret, k.BlockNonce, k.BoxKey, s.closed(padded)}, err
}

type blockToOpen struct {
	direction
	sizedBlock
}

type openedChainBlock struct {
	ChainKey vectors.Hex `json:"chain_key"`
	openedBlock
}

func openBlock(in blockToOpen) (openedChainBlock, error) {
	if err := in.check(); err != nil {
		return openedChainBlock{}, err
	}
	start, k, err := in.keys()
	if err != nil {
		return openedChainBlock{}, err
	}
	s, err := sealOf(k.BlockSecret, k.BlockNonce)
	if err != nil {
		return openedChainBlock{}, err
	}
	u, err := s.openPadded(in.Block)
	return openedChainBlock{start, openedBlock{u.Message, u.Padding}}, err
}
