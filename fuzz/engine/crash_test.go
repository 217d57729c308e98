package engine

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestThePlaceOfACrashInManyLanguages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ output, place string }{
		"Go": {
			"2026/01/01 listening\npanic: runtime error: index out of range [5] with length 3\n\n" +
				"goroutine 34 [running]:\nruntime.panicIndex()\n\t/usr/lib/go/src/runtime/panic.go:115\n" +
				"example.com/relay/queue.(*Store).take(0xc0000140a0, {0x1, 0x2})\n\t/home/me/relay/queue/store.go:77 +0x1d\n" +
				"main.main()\n\t/home/me/relay/main.go:12 +0x33\n",
			"example.com/relay/queue.(*Store).take store.go:77",
		},
		"Go, recovered and raised again": {
			"panic: boom [recovered, repanicked]\n\ngoroutine 1 [running]:\npanic({0x1?, 0x2?})\n\t/go/src/runtime/panic.go:792 +0x132\n" +
				"main.handle.func1(...)\n\t/src/main.go:9\n",
			"main.handle.func1 main.go:9",
		},
		"Go, fatal": {
			"fatal error: concurrent map writes\n\ngoroutine 7 [running]:\ninternal/runtime/maps.fatal({0x0, 0x0})\n\t/go/src/runtime/panic.go:1046 +0x18\n" +
				"main.(*relay).add(...)\n\t/src/add.go:3\n",
			"main.(*relay).add add.go:3",
		},
		"Rust":      {"thread 'main' panicked at src/block.rs:42:9:\nattempt to subtract with overflow\n", "block.rs:42"},
		"old Rust":  {"thread 'main' panicked at 'oops', src/block.rs:42:9\n", "block.rs:42"},
		"sanitizer": {"==12==ERROR: AddressSanitizer: heap-buffer-overflow\n    #0 0x4a2b in parse_block /src/block.c:20:3\n", "parse_block block.c:20"},
		"Python": {
			"Traceback (most recent call last):\n  File \"/srv/relay.py\", line 3, in main\n    f()\n  File \"/srv/smp.py\", line 9, in parse\n    x\nValueError: no\n",
			"parse smp.py:9",
		},
		"Java":    {"Exception in thread \"main\" java.lang.IllegalStateException\n\tat chat.smp.Block.read(Block.java:31)\n\tat x\n", "chat.smp.Block.read Block.java:31"},
		"Haskell": {"relay: Prelude.undefined\nCallStack (from HasCallStack):\n  undefined, called at src/Relay.hs:30:8 in main:Relay\n", "undefined Relay.hs:30"},
		"nothing": {"listening\n", "signal: segmentation fault"},
	} {
		status := "signal: segmentation fault; its standard error ends with:\nlistening"
		assert.Equal(t, c.place, crashPlace(stackTrace(c.output), status), name)
	}
}

func TestAStackTraceIsCutFromTheOutput(t *testing.T) {
	t.Parallel()
	before, after := strings.Repeat("noise\n", 100000), "panic: oops\n\ngoroutine 1 [running]:\n"
	assert.Equal(t, strings.TrimSpace(after), stackTrace(before+after))
	long := stackTrace(after + strings.Repeat("é", traceSize))
	assert.LessOrEqual(t, len(long), traceSize+len("…"))
	assert.True(t, strings.HasPrefix(long, "panic: oops"))
	assert.LessOrEqual(t, len(stackTrace(before)), traceSize/4)
	assert.Equal(t, "", stackTrace(""))
}
