package transport

import (
	"bytes"
	"crypto/sha256"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

// connOf returns a connection after a handshake that agreed on secret; nil for
// one without block encryption.
func connOf(t *testing.T, end *recorder, secret, sessionID []byte, blocks func(secret, sessionID []byte) (BlockSealer, BlockOpener, error)) *Conn {
	t.Helper()
	c := &Conn{conn: end, binding: Binding{SessionID: sessionID}}
	if secret != nil {
		var err error
		c.sealer, c.opener, err = blocks(secret, sessionID)
		require.NoError(t, err)
	}
	return c
}

// rawBlock is a connection from which the given bytes can be read.
func rawBlock(t *testing.T, raw []byte) *recorder {
	t.Helper()
	near, far := memoryPair(t)
	go func() {
		defer far.Close()
		far.Write(raw) // fails if the reader closes first
	}()
	return near
}

// writtenBlock returns the raw block that c sends for content.
func writtenBlock(t *testing.T, c *Conn, end, far *recorder, content []byte) []byte {
	t.Helper()
	sent, got := both(
		func() (struct{}, error) { return struct{}{}, c.WriteBlock(content) },
		func() ([]byte, error) { b := make([]byte, BlockSize); _, err := io.ReadFull(far, b); return b, err })
	require.NoError(t, sent.err)
	require.NoError(t, got.err)
	return got.value
}

func TestOfficialPlainBlocks(t *testing.T) {
	t.Parallel()
	group := blockGroup(t, "plain", 3)
	for _, test := range group.Tests {
		var in struct {
			Content vectors.Hex `json:"content"`
		}
		var out struct {
			First  vectors.Hex `json:"first_16"`
			Last   vectors.Hex `json:"last_16"`
			Len    int         `json:"len"`
			SHA256 vectors.Hex `json:"sha256"`
		}
		require.NoError(t, test.Inputs.Decode(&in))
		require.NoError(t, test.Output.Decode(&out))
		end, far := memoryPair(t)
		raw := writtenBlock(t, connOf(t, end, nil, nil, nil), end, far, in.Content)
		require.Len(t, raw, out.Len, test.ID)
		require.Equal(t, []byte(out.First), raw[:16], test.ID)
		require.Equal(t, []byte(out.Last), raw[len(raw)-16:], test.ID)
		hash := sha256.Sum256(raw)
		require.Equal(t, []byte(out.SHA256), hash[:], test.ID)

		content, err := connOf(t, rawBlock(t, raw), nil, nil, nil).ReadBlock()
		require.NoError(t, err, test.ID)
		require.Equal(t, []byte(in.Content), content, test.ID)
	}
}

func TestOfficialReceivedBlocks(t *testing.T) {
	t.Parallel()
	group := blockGroup(t, "decode", 7)
	for _, test := range group.Tests {
		var in struct {
			Secret    vectors.Hex `json:"dh_secret"`
			Encrypted bool        `json:"encrypted"`
			Raw       vectors.Hex `json:"raw"`
			SessionID vectors.Hex `json:"session_id"`
		}
		require.NoError(t, test.Inputs.Decode(&in))
		var secret []byte
		if in.Encrypted {
			secret = in.Secret
		}
		content, err := connOf(t, rawBlock(t, in.Raw), secret, in.SessionID, ClientBlocks).ReadBlock()
		if test.Error == "EOF" {
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, test.ID)
			continue
		}
		if test.Invalid() {
			require.ErrorIs(t, err, Error(test.Error), test.ID)
			continue
		}
		require.NoError(t, err, test.ID)
		var want vectors.Hex
		require.NoError(t, test.Output.Decode(&want))
		require.Equal(t, []byte(want), content, test.ID)
	}
}

// TestOfficialEncryptedBlocks replays blocks of one connection. Some are kept
// back, and a sender of the official implementation whose content did not fit
// has used up a key all the same: before each block the sender's keys advance by
// as many steps as it takes, at most one for each missing or refused block.
func TestOfficialEncryptedBlocks(t *testing.T) {
	t.Parallel()
	group := blockGroup(t, "encrypted", 6)
	sides := map[string]func(secret, sessionID []byte) (BlockSealer, BlockOpener, error){"client": ClientBlocks, "server": ServerBlocks}
	receivers := map[string]string{"client": "server", "server": "client"}
	sealed, opened := map[string]int{}, 0
	position := map[string]int{}
	for _, test := range group.Tests {
		var in struct {
			Content   vectors.Hex `json:"content"`
			Secret    vectors.Hex `json:"dh_secret"`
			Order     int         `json:"order"`
			Sender    string      `json:"sender"`
			SessionID vectors.Hex `json:"session_id"`
		}
		require.NoError(t, test.Inputs.Decode(&in))
		end, far := memoryPair(t)
		if test.Invalid() {
			c := connOf(t, end, in.Secret, in.SessionID, sides[in.Sender])
			before := c.sealer.chain.Key()
			require.ErrorIs(t, c.WriteBlock(in.Content), Error(test.Error), test.ID)
			require.Equal(t, before, c.sealer.chain.Key(), "%s: keys advanced", test.ID)
			continue
		}
		var want vectors.Hex
		require.NoError(t, test.Output.Decode(&want))
		found := false
		for step := position[in.Sender]; step <= in.Order && !found; step++ {
			c := connOf(t, end, in.Secret, in.SessionID, sides[in.Sender])
			r := connOf(t, rawBlock(t, want), in.Secret, in.SessionID, sides[receivers[in.Sender]])
			for range step {
				_, _, err := c.sealer.chain.Next()
				require.NoError(t, err)
				_, _, err = r.opener.chain.Next()
				require.NoError(t, err)
			}
			if !bytes.Equal(writtenBlock(t, c, end, far, in.Content), want) {
				continue
			}
			found = true
			position[in.Sender] = step + 1
			content, err := r.ReadBlock()
			require.NoError(t, err, test.ID)
			require.Equal(t, []byte(in.Content), content, test.ID)
			opened++
		}
		require.True(t, found, "%s: no step of the chain gives the block", test.ID)
		sealed[in.Sender]++
	}
	require.GreaterOrEqual(t, sealed["client"], 3)
	require.GreaterOrEqual(t, sealed["server"], 2)
	require.GreaterOrEqual(t, opened, 5)
}

func TestOfficialBlockKeys(t *testing.T) {
	t.Parallel()
	group := blockGroup(t, "chain", 12)
	for _, test := range group.Tests {
		var in struct {
			Client    vectors.Key `json:"client_session_key"`
			Server    vectors.Key `json:"server_session_key"`
			Secret    vectors.Hex `json:"dh_secret"`
			Initial   vectors.Hex `json:"initial_chain_key"`
			SessionID vectors.Hex `json:"session_id"`
			Step      int         `json:"step"`
		}
		var out struct {
			Next   vectors.Hex `json:"next_chain_key"`
			Nonce  vectors.Hex `json:"nonce"`
			Secret vectors.Hex `json:"secretbox_key"`
		}
		require.NoError(t, test.Inputs.Decode(&in))
		require.NoError(t, test.Output.Decode(&out))
		private, err := keys.ParsePrivate(in.Server.PrivateDER)
		require.NoError(t, err)
		public, err := keys.ParsePublic(in.Client.PublicDER)
		require.NoError(t, err)
		c := &Conn{binding: Binding{SessionID: in.SessionID}, version: smp.VersionBlockEncryption, sessionKey: private, peerKey: public}
		require.NoError(t, c.agree(ServerBlocks))
		require.Equal(t, []byte(in.Secret), c.Secret(), test.ID)

		// The relay sends with the first chain and receives with the second.
		chain := c.sealer.chain
		if key := chain.Key(); !bytes.Equal(key[:], in.Initial) {
			chain = c.opener.chain
		}
		initial := chain.Key()
		require.Equal(t, []byte(in.Initial), initial[:], test.ID)
		for range in.Step {
			_, _, err := chain.Next()
			require.NoError(t, err)
		}
		secret, nonce, err := chain.Next()
		require.NoError(t, err)
		next := chain.Key()
		require.Equal(t, []byte(out.Next), next[:], test.ID)
		require.Equal(t, []byte(out.Nonce), nonce[:], test.ID)
		require.Equal(t, []byte(out.Secret), secret[:], test.ID)
	}
}

func blockGroup(t *testing.T, name string, count int) *vectors.Group {
	t.Helper()
	f, err := vectors.Load("blocks")
	require.NoError(t, err)
	group, ok := f.Group(name)
	require.True(t, ok, name)
	require.GreaterOrEqual(t, len(group.Tests), count)
	return group
}
