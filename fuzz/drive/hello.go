package drive

import (
	"fmt"
	"strings"
	"time"

	"smpcheck/conformance/trace"
	"smpcheck/fuzz/program"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// hello is the client's hello as it was sent, and what the relay has to make of it.
type hello struct {
	transport.ClientHello
	// taken says that the relay has to serve the client.
	taken bool
	// keyUnread says that there was a key, which nobody can read.
	keyUnread bool
	// rule and requirement name what must be refused.
	rule, requirement string
	// how says what was changed, varies that what it is read as depends on bytes that
	// differ between runs.
	how    []string
	varies bool
}

// clientHello sends the client's hello.
func (r *runner) clientHello(l *line, op program.Op, changes []change) hello {
	h := transport.ClientHello{Version: l.version, KeyHash: r.cfg.Server.KeyHash}
	var private keys.PrivateKey
	if l.version >= smp.VersionAuthenticators && op.Arg&connectNoKey == 0 {
		private = r.newKey(keys.X25519)
		h.Key = private.Public()
	}
	h.Proxy = op.Arg&connectProxy != 0 && l.version >= smp.VersionProxyFlag
	content, err := h.Encode()
	if err != nil {
		panic(fmt.Sprintf("encoding a hello: %v", err)) // all its parts are of the right size
	}
	content, how, varies := r.changeHello(content, changes)
	l.record(trace.Sent, trace.Content, content)
	l.write(pad(content, transport.BlockSize))
	sent := r.readAsRelay(l, private, content)
	sent.how, sent.varies = how, varies
	return sent
}

// readAsRelay reads the hello as the relay has to, and prepares the encryption of blocks.
func (r *runner) readAsRelay(l *line, private keys.PrivateKey, content []byte) hello {
	sent, err := transport.DecodeClientHello(content)
	h := hello{ClientHello: sent, keyUnread: !private.IsZero() && sent.Key.IsZero()}
	switch {
	case err != nil:
		h.rule, h.requirement = "hello-malformed-accepted", "SMP-HS-MALFORMED"
	case string(sent.KeyHash) != string(r.cfg.Server.KeyHash):
		h.rule, h.requirement = "key-hash-accepted", "SMP-HS-KEY-HASH-WRONG"
	case !l.hello.Versions.Contains(sent.Version):
		h.rule, h.requirement = "version-accepted", "SMP-HS-VERSION-REFUSED"
	case sent.Service != nil:
		h.rule = "service-accepted"
	default:
		h.taken = true
		l.version = sent.Version
	}
	if sent.Key != private.Public() && !sent.Key.IsZero() {
		l.lost = h.taken && l.version >= smp.VersionBlockEncryption && !sent.Proxy // nobody has its private part
		return h
	}
	if !sent.Key.IsZero() && !l.relayKey.IsZero() {
		if secret, err := private.DH(l.relayKey); err == nil {
			l.secret = secret
		}
	}
	if l.secret != nil && l.version >= smp.VersionBlockEncryption && !sent.Proxy {
		receiving, sending, err := box.NewChains(l.secret, l.conn.SessionID)
		if err == nil {
			l.receiving, l.sending = &receiving, &sending
		}
	}
	return h
}

// connectHow describes a Connect for a Pair.
func connectHow(l *line, op program.Op) string {
	how := versionClass(l.version)
	if op.Arg&connectNoKey != 0 {
		how += " no-key"
	}
	if op.Arg&connectProxy != 0 {
		how += " proxy"
	}
	return how
}

// seeHello finds out with a PING whether the relay serves the client after a hello that
// was changed, or a handshake that was.
func (r *runner) seeHello(l *line, how string, h hello) {
	l.abused = true
	how = strings.Join(append([]string{how}, h.how...), " ")
	if l.lost { // nobody has the key in the hello
		l.untold = true
		r.pair("CONNECT", how, "none", "lost")
		return
	}
	whole := !l.outOfStep
	l.untold, l.outOfStep = !h.taken, !h.taken || l.outOfStep
	answer := r.fence(l)
	if whole && !h.taken && answer == "none" {
		r.awaitRefusal(l, h)
	}
	if answer == "PONG" && !h.taken {
		r.breach(Breach{
			Kind: Accepted, Rule: h.rule, Requirement: h.requirement, Op: r.op, Command: "CONNECT",
			Expected: "the relay ends the connection after the hello", Actual: "it serves the client",
		})
	}
	if h.varies {
		answer, l.lost = "varies", true
		r.pair("CONNECT", how, answer, answer)
	} else {
		r.pair("CONNECT", how, answer, l.fate())
	}
	if !h.taken || h.varies {
		r.close(l, 1)
	}
}

// awaitRefusal waits for the end of a connection whose hello has to be refused.
func (r *runner) awaitRefusal(l *line, h hello) {
	if r.waitUntil(time.Now().Add(r.timeout(answerTime)), func() bool { return l.ending != "" }) || r.ctx.Err() != nil {
		return
	}
	r.breach(Breach{
		Kind: Hang, Rule: "refused-hello-kept", Requirement: h.requirement, Op: r.op, Command: "CONNECT",
		Expected: "the end of the connection after the hello",
		Actual:   fmt.Sprintf("it is open %v later, and not served", r.timeout(answerTime)),
	})
}
