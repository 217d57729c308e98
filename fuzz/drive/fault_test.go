package drive

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/all"
	"smpcheck/reference/relay"
	"smpcheck/reference/transport"
)

// The driver notices by itself what is wrong in form.
func TestFaultsOfFormAreSeen(t *testing.T) {
	t.Parallel()
	faults := all.Faults()
	for _, c := range []struct {
		id      string
		version uint16
		program string
		want    string
	}{
		{"transmission/trailing-ignored", 18, "NEW c0 q0\nKEY c0 q0 field[4]:extend(0,1)", "accepted trailing-bytes-accepted"},
		{"block/trailing-ignored", 18, "NEW c0 q0\nSUB c0 q0 content[0]:extend(9,1)", "accepted block-with-rest-accepted"},
	} {
		t.Run(c.id, func(t *testing.T) {
			t.Parallel()
			f, known := fault.Lookup(faults, c.id)
			require.True(t, known)
			cfg, _ := startRelay(t, func(config relay.Config) relay.Config { return f.Config(config) })
			if c.version != 0 {
				cfg = cfg.at(c.version)
			}
			out := runs(t, cfg, c.program)
			assert.Contains(t, out.rules(), c.want)
		})
	}
}

// kept is a connection that is not closed.
type kept struct{ *transport.Secure }

func (kept) Close() error { return nil }

func TestAConnectionThatIsKeptAfterARefusedHello(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, func(config relay.Config) relay.Config {
		config.Stages = relay.DefaultStages()
		config.Stages.Handshake = func(ctx context.Context, raw net.Conn, c transport.ServerConfig) (*transport.Conn, error) {
			secure, err := transport.ServerTLS(ctx, raw, c)
			if err != nil {
				return nil, err
			}
			conn, err := transport.ServerHandshake(ctx, kept{secure}, secure.Binding(), c)
			if err != nil {
				<-t.Context().Done()
			}
			return conn, err
		}
		return config
	})
	cfg.Scale = 0.5
	out := runs(t, cfg, "Connect c0 q0 hello[0]:set(2,3)\nPING c0 q0\n")
	assert.Equal(t, []string{"hang refused-hello-kept"}, out.rules())
}
