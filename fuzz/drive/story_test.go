package drive

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// An ordinary program is answered as the protocol says, at each version.
func TestOrdinaryProgramsAtEachVersion(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, nil)
	for v := smp.MinVersion; v <= smp.MaxVersion; v++ {
		t.Run(fmt.Sprint(v), func(t *testing.T) {
			t.Parallel()
			out := runs(t, cfg.at(v), `
				NEW c0 q0 arg=3
				KEY c0 q0
				SEND c1 q0 arg=100
				SEND c1 q0 arg=0
				ACK c0 q0
				ACK c0 q0
				ACK c0 q0 arg=3
				QUE c0 q0
				NKEY c0 q0
				NSUB c2 q0
				SEND c1 q0 arg=32800
				Settle c0 q0
				OFF c0 q0
				DEL c0 q0
				PING c3 q0
				RSLV c3 q0
				SUBS c3 q0
			`)
			assert.Empty(t, out.Breaches)
			assert.Equal(t, 17, out.Ops)
			for tag, want := range map[string][]string{
				"NEW": {"IDS"}, "KEY": {"OK"}, "SEND": {"OK", "OK", "OK"}, "ACK": {"MSG", "OK", "ERR NO_MSG"}, "QUE": {"INFO"},
				"NKEY": {"NID"}, "OFF": {"OK"}, "DEL": {"OK"}, "PING": {"PONG"}, "SUBS": {"ERR SERVICE"},
			} {
				assert.ElementsMatch(t, want, out.answersTo(tag), tag)
			}
			subscribed, resolved := "SOK", "ERR NAME NOT_FOUND"
			if v < smp.VersionServices {
				subscribed = "OK"
			}
			if v < smp.VersionNames {
				resolved = "ERR CMD UNKNOWN"
			}
			assert.Equal(t, []string{subscribed}, out.answersTo("NSUB"))
			assert.Equal(t, []string{resolved}, out.answersTo("RSLV"))
		})
	}
}

func TestWhatIsForwardedIsOpened(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, func(c relay.Config) relay.Config { c.Password = []byte("secret"); return c })
	for _, v := range []uint16{7, 8, 11, 14, 20} {
		out := runs(t, cfg.at(v), `
			NEW c0 q0 arg=1
			PRXY c1 q0
			PFWD c1 q0 arg=1
			PFWD c1 q0 arg=0
			ACK c0 q0
			RFWD c2 q0 arg=1
			RFWD c2 q0 arg=1 cipher[0]:flip(5,1)
			ACK c0 q0
		`)
		assert.Empty(t, out.Breaches)
		assert.ElementsMatch(t, []string{"PRES OK", "PRES ERR CMD PROHIBITED"}, out.answersTo("PFWD"), "version %d", v)
		assert.ElementsMatch(t, []string{"RRES OK", "ERR CRYPTO"}, out.answersTo("RFWD"), "version %d", v)
		assert.ElementsMatch(t, []string{"OK"}, out.answersTo("ACK"), "version %d", v)
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, nil)
	out := runs(t, cfg, `
		NEW c0 q0 arg=6
		LKEY c1 q0 arg=1
		SEND c1 q0
		NEW c0 q1 arg=64
		LGET c2 q1
		LSET c0 q1 arg=15000
		LDEL c0 q1
		RKEY c0 q1 arg=2
		QUE c0 q1
	`)
	assert.Empty(t, out.Breaches)
	for tag, want := range map[string][]string{"LKEY": {"LNK"}, "LGET": {"LNK"}, "SEND": {"OK"}, "LSET": {"OK"}, "LDEL": {"OK"}, "RKEY": {"OK"}, "QUE": {"INFO"}} {
		assert.Equal(t, want, out.answersTo(tag), tag)
	}
}

func TestEveryAlgorithmAuthorizes(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, nil)
	for alg := range 3 {
		out := runs(t, cfg, fmt.Sprintf("NEW c0 q0 arg=%d\nSUB c0 q0\nKEY c0 q0 arg=%d\nSEND c1 q0 arg=9\nSEND c1 q0 signer=nobody\n", alg<<4, alg))
		assert.Equal(t, []string{"SOK"}, out.answersTo("SUB"))
		assert.ElementsMatch(t, []string{"OK", "ERR AUTH"}, out.answersTo("SEND"))
	}
}

func TestOldTLS(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, func(c relay.Config) relay.Config { c.TLS12 = true; return c })
	cfg.TLS = "1.2"
	out := runs(t, cfg, "NEW c0 q0 arg=3\nSEND c1 q0\nACK c0 q0\nSEND c1 q0 record[0]:flip(900,1)\nSEND c1 q0 arg=5\nACK c0 q0\n")
	assert.Empty(t, out.Breaches)
	assert.ElementsMatch(t, []string{"OK", "lost", "varies"}, out.answersTo("SEND"))
}

// Entities and signers other than the own are refused.
func TestEntitiesAndSigners(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, nil)
	for word, want := range map[string]string{
		"entity=none": "ERR CMD NO_AUTH", "entity=sender-id": "ERR AUTH", "entity=notifier-id": "ERR AUTH", "entity=random-id": "ERR AUTH",
		"entity=prefix-id": "ERR AUTH", "entity=link-id": "ERR AUTH", "entity=other-queue": "ERR AUTH", "entity=recipient-id": "INFO",
		"signer=nobody": "ERR CMD NO_AUTH", "signer=sender": "ERR AUTH", "signer=notifier": "ERR AUTH", "signer=stranger": "ERR AUTH",
		"signer=old-session": "ERR AUTH", "signer=other": "ERR AUTH", "signer=recipient": "INFO",
		"entity=other-queue signer=other": "INFO",
	} {
		out := runs(t, cfg, "NEW c0 q0\nNEW c1 q1\nNKEY c0 q0\nQUE c0 q0 "+word)
		assert.Equal(t, []string{want}, out.answersTo("QUE"), word)
	}
}

func TestTheQuotaIsFilledAndDrained(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, nil)
	out := runs(t, cfg, `
		NEW c0 q0 arg=2
		SEND c1 q0 arg=10 hold often
		PING c1 q0
		SUB c0 q0
		ACK c0 q0 often
		SEND c1 q0 arg=10
	`)
	assert.Empty(t, out.Breaches)
	assert.Contains(t, out.answersTo("SEND"), "ERR QUOTA")
	assert.Contains(t, out.answersTo("ACK"), "OK")
	assert.Contains(t, out.answersTo("ACK"), "ERR NO_MSG")
	assert.Equal(t, 16+16+4, out.Ops)
}
