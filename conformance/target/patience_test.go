package target

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPatienceIsLostByStepAndVersion(t *testing.T) {
	t.Parallel()
	p := NewPatience()
	for range patienceLimit {
		assert.False(t, p.Lost("NEW", 7))
		p.Note("NEW", 7, false)
	}
	assert.True(t, p.Lost("NEW", 7))
	assert.False(t, p.Lost("NEW", 8))
	assert.False(t, p.Lost("SUB", 7))
}

func TestAnAnswerRestoresPatience(t *testing.T) {
	t.Parallel()
	p := NewPatience()
	for range patienceLimit - 1 {
		p.Note("NEW", 7, false)
	}
	p.Note("NEW", 7, true)
	p.Note("NEW", 7, false)
	assert.False(t, p.Lost("NEW", 7))
}

func TestNoPatienceIsNeverLost(t *testing.T) {
	t.Parallel()
	var p *Patience
	for range patienceLimit {
		p.Note("NEW", 7, false)
	}
	assert.False(t, p.Lost("NEW", 7))
}
