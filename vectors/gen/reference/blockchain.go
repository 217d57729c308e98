package main

import (
	"fmt"

	"smpcheck/vectors/gen/build"
)

func blockEncryption() *build.File {
	f := build.New("block_encryption", "encryption of blocks inside TLS, from SMP version 11",
		"The secret is the raw X25519 secret of the session keys in the hellos, the session id the channel binding of TLS.",
		"The relay sends with the first chain and receives with the second. Each block, counted from 0 in its direction, has its own key and nonce.",
		"The key of a block is that of a secret box: it goes through HSalsa20 first. Real blocks have 16384 bytes; most tests use shorter ones.")
	boxFlags(f, "Extended", "Truncated", "TagAtTheEnd", "OtherNonce")
	f.Flag("OtherDirection", "The block is one of the other direction.")
	f.Flag("OtherNumber", "The block is another one of its direction: before, after, or sent twice.")
	f.Flag("OtherSession", "The session id is another one.")
	f.Flag("WrongBlockSize", "The block is shorter or longer than all blocks.")
	f.Flag("RealSize", "A block of 16384 bytes.")
	secret, session := build.Bytes("session secret", 32), build.Bytes("session id", 32)

	c := f.Group("chains", "the chain keys of both directions", "block_chains")
	base := build.Fields{"secret": secret, "session_id": session}
	c.Valid("tls-1.3", "a session id of 32 bytes", base)
	c.Valid("tls-1.2", "a session id of 12 bytes", inputsFor(base, "session_id", session[:12]))
	c.Valid("other-secret", "another secret", inputsFor(base, "secret", build.Bytes("other secret", 32)))
	c.Valid("other-session", "another session id", inputsFor(base, "session_id", changedBit(session, 0)))
	for _, n := range []int{0, 31, 33} {
		c.Invalid("block_chains", fmt.Sprintf("secret-of-%d", n), fmt.Sprintf("a secret of %d bytes", n), inputsFor(base, "secret", build.Bytes("session secret", n)), "SecretSize", "WrongLength")
	}

	k := f.Group("keys", "key, nonce and next chain key, step by step", "block_key")
	chain := answerOf("block_chains", "relay_chain_key", base)
	for _, n := range []int{0, 1, 2, 3, 10, 255, 256} {
		k.Valid(fmt.Sprintf("relay-%d", n), fmt.Sprintf("block %d of the relay", n), build.Fields{"chain_key": chain, "number": n})
	}
	for n := range 2 {
		k.Valid(fmt.Sprintf("client-%d", n), fmt.Sprintf("block %d of the client", n), build.Fields{"chain_key": answerOf("block_chains", "client_chain_key", base), "number": n})
	}
	for _, n := range []int{16, 31, 33, 64} {
		k.Invalid("block_key", fmt.Sprintf("chain-key-of-%d", n), fmt.Sprintf("a chain key of %d bytes", n), build.Fields{"chain_key": build.Bytes("chain key", n), "number": 0}, "SecretSize", "WrongLength")
	}
	chainBlocks(f, base)
	return f
}

func chainBlocks(f *build.File, base build.Fields) {
	g := f.Group("blocks", "sealing by the sender and opening by the other side", "seal_block", "open_block")
	content := build.Bytes("block content", 30)
	sealing := inputsFor(base, "sender", "client", "number", 0, "content", content, "block_size", 64)
	for _, sender := range []string{"client", "relay"} {
		for _, n := range []int{0, 1, 5} {
			g.Valid(fmt.Sprintf("%s-%d", sender, n), fmt.Sprintf("block %d of the %s", n, sender), inputsFor(sealing, "sender", sender, "number", n))
		}
	}
	g.Valid("empty", "a block without content", inputsFor(sealing, "content", []byte{}))
	g.Valid("full", "content that fills the block", inputsFor(sealing, "content", build.Bytes("block content", 46)))
	g.Valid("real", "a block of real size", inputsFor(sealing, "block_size", 16384), "RealSize")
	g.Invalid("seal_block", "no-room", "content that is one byte too long", inputsFor(sealing, "content", build.Bytes("block content", 47)), "TooLong", "NoRoom")
	g.Invalid("seal_block", "plain-room", "content that would fit a block without encryption", inputsFor(sealing, "content", build.Bytes("block content", 62)), "TooLong", "NoRoom")

	block := answerOf("seal_block", "block", sealing)
	opening := inputsFor(base, "sender", "client", "number", 0, "block", block, "block_size", 64)
	for _, at := range []int{0, 15, 16, 63} {
		g.Invalid("open_block", fmt.Sprintf("byte-%d", at), fmt.Sprintf("a bit of byte %d changed", at), inputsFor(opening, "block", changedBit(block, at)), "BoxClosed", "Altered")
	}
	g.Invalid("open_block", "short", "the last byte is missing", inputsFor(opening, "block", block[:63]), "BlockSize", "WrongBlockSize")
	g.Invalid("open_block", "long", "a byte more", inputsFor(opening, "block", concat(block, []byte{0})), "BlockSize", "WrongBlockSize")
	g.Invalid("open_block", "no-bytes", "no bytes", inputsFor(opening, "block", []byte{}), "BlockSize", "WrongBlockSize")
	g.Invalid("open_block", "direction", "opened as a block of the relay", inputsFor(opening, "sender", "relay"), "BoxClosed", "OtherDirection")
	g.Invalid("open_block", "next", "opened as the block after it: one was lost", inputsFor(opening, "number", 1), "BoxClosed", "OtherNumber")
	second := answerOf("seal_block", "block", inputsFor(sealing, "number", 1))
	g.Invalid("open_block", "before", "opened as the block before it: it came too early", inputsFor(opening, "block", second), "BoxClosed", "OtherNumber")
	g.Invalid("open_block", "session", "another session id", inputsFor(opening, "session_id", changedBit(base["session_id"].([]byte), 31)), "BoxClosed", "OtherSession")
	g.Invalid("open_block", "no-session", "no session id", inputsFor(opening, "session_id", []byte{}), "BoxClosed", "OtherSession")
	g.Invalid("open_block", "secret", "another secret", inputsFor(opening, "secret", changedBit(base["secret"].([]byte), 0)), "BoxClosed", "OtherKey")
	plain := answerOf("seal_plain_block", "block", build.Fields{"content": content, "block_size": 64})
	g.Invalid("open_block", "not-encrypted", "a block without encryption", inputsFor(opening, "block", plain), "BoxClosed", "Altered")
	chain := answerOf("block_chains", "client_chain_key", base)
	key := build.Fields{"chain_key": chain, "number": 0}
	blockSecret, nonce := answerOf("block_key", "block_secret", key), answerOf("block_key", "block_nonce", key)
	padded := answerOf("seal_plain_block", "block", build.Fields{"content": content, "block_size": 48})
	g.Invalid("open_block", "nacl-secretbox", "made by NaCl's secretbox, with the key as it is", inputsFor(opening, "block", plainBox(blockSecret, nonce, padded)), "BoxClosed", "KeyStepMissing")
	g.Invalid("open_block", "chain-key", "made with the chain key in place of the block's key", inputsFor(opening, "block", sealedBare(chain, nonce, padded)), "BoxClosed", "OtherKey")
	beyond := concat([]byte{0, 47}, padded[2:])
	g.Invalid("open_block", "padding-beyond", "the length is larger than what follows by 1", inputsFor(opening, "block", sealedBare(blockSecret, nonce, beyond)), "PaddingLength", "BadPadding")
	g.Invalid("open_block", "tag-alone", "a block of the length of a tag: no length inside", inputsFor(opening, "block", sealedBare(blockSecret, nonce, nil), "block_size", 16), "Truncated", "BadPadding")
}
