//go:build browser

package report

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBrowserPageIsQuiet(t *testing.T) {
	t.Parallel()
	p := newTab(t, talkative(t))
	p.open("")
	p.picture("desktop")
	evaluate[bool](p, `document.querySelectorAll("details").forEach(e => e.open = true) || true`)
	assert.False(t, evaluate[bool](p, `"attacked" in window`))
	assert.Equal(t, 1, evaluate[int](p, `document.scripts.length`))
	assert.Zero(t, evaluate[int](p, `document.querySelectorAll("img, iframe, object, [onclick], [onerror], [style]").length`))
	p.quiet()
}

func TestBrowserFilters(t *testing.T) {
	t.Parallel()
	p := newTab(t, talkative(t))
	p.open("")
	all := p.cases()
	require.Len(t, all, 7)
	for _, c := range []struct {
		field, value, hash string
		want               []string
	}{
		{"verdict", "fail", "#verdict=fail", []string{"relay/new/fail"}},
		{"verdict", "problem", "#verdict=problem", []string{"relay/new/fail", "relay/new/error", "relay/sub/xpass", "relay/sub/nonstrict"}},
		{"topic", "sub", "#topic=sub", []string{"relay/sub/xpass", "relay/sub/nonstrict", "relay/sub/skip", "relay/sub/xfail"}},
		{"level", "must", "#level=must", all},
		{"version", "11", "#version=11", []string{"relay/new/fail"}},
		{"q", "  SKIP title ", "#q=SKIP+title", []string{"relay/sub/skip"}},
		{"q", "nothing like it", "#q=nothing+like+it", []string{}},
	} {
		p.choose(c.field, c.value)
		assert.Equal(t, c.want, p.cases(), c.hash)
		assert.Equal(t, c.hash, evaluate[string](p, `location.hash`))
		assert.Contains(t, evaluate[string](p, `document.querySelector("[name=shown]").value`), fmt.Sprintf("%d of 7", len(c.want)))
		p.open(c.hash)
		assert.Equal(t, c.want, p.cases(), "loaded with %s", c.hash)
		p.choose(c.field, "")
		assert.Equal(t, all, p.cases())
	}
	p.quiet()
}

func TestBrowserFiltersTogether(t *testing.T) {
	t.Parallel()
	p := newTab(t, talkative(t))
	p.open("#version=9&verdict=pass")
	assert.Equal(t, []string{"relay/new/fail"}, p.cases(), "it passed at version 9")
	assert.Equal(t, 0, evaluate[int](p, `document.querySelectorAll(".map .dim").length`))
	p.choose("topic", "sub")
	assert.Empty(t, p.cases())
	assert.Equal(t, "#verdict=pass&topic=sub&version=9", evaluate[string](p, `location.hash`))
	assert.Equal(t, 1, evaluate[int](p, `document.querySelectorAll(".map .dim").length`))
	p.do(chromedp.Click(chromedp.CSS("#filters [type=reset]")))
	assert.Len(t, p.cases(), 7)
	p.click(`.tiles a[href="#verdict=skip"]`)
	assert.Equal(t, []string{"relay/sub/skip"}, p.cases())
	assert.True(t, p.visible("relay/sub/skip", "summary"), "its group is open")
	p.quiet()
}

func TestBrowserEveryAnchorLeadsSomewhere(t *testing.T) {
	t.Parallel()
	p := newTab(t, talkative(t))
	p.open("")
	assert.Empty(t, evaluate[[]string](p, `[...document.querySelectorAll('a[href^="#"]')].map(a => a.getAttribute("href").slice(1))
		.filter(hash => !hash.includes("=") && !document.getElementById(hash))`))
	assert.Empty(t, evaluate[[]string](p, `[...document.querySelectorAll("[id]")].map(e => e.id).filter((id, i, all) => all.indexOf(id) != i)`))
	p.quiet()
}

func TestBrowserAnchorsUnfold(t *testing.T) {
	t.Parallel()
	p := newTab(t, talkative(t))
	p.open("#relay/new/pass")
	assert.True(t, p.visible("relay/new/pass", ".body"))
	p.open("#SMP-NEW-RULE")
	assert.True(t, p.visible("SMP-NEW-RULE", ""))
	assert.True(t, evaluate[bool](p, `document.getElementById("SMP-NEW-RULE").getBoundingClientRect().top < innerHeight`))
	p.open("#verdict=skip")
	assert.False(t, p.visible("relay/new/fail", ""))
	p.follow("relay/new/fail")
	assert.True(t, p.visible("relay/new/fail", ".body"), "an anchor shows what the filters hide")
	p.quiet()
}

// contrasts lists the texts whose contrast to what is behind them is less than WCAG AA
// asks for.
const contrasts = `(() => {
	const numbers = colour => colour.match(/[\d.]+/g).map(Number);
	const light = ([r, g, b]) => [r, g, b].map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = e => {
		for (; e; e = e.parentElement) {
			const colour = getComputedStyle(e).backgroundColor, n = numbers(colour);
			if (n.length === 3 || n[3] > 0) return n;
		}
	};
	const bad = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const e = walker.currentNode.parentElement;
		if (!walker.currentNode.data.trim() || !e.checkVisibility()) continue;
		const style = getComputedStyle(e);
		const a = light(numbers(e instanceof SVGElement ? style.fill : style.color)), b = light(behind(e));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) bad.push(ratio.toFixed(2) + " " + e.className + " " + walker.currentNode.data.slice(0, 30));
	}
	return bad;
})()`

func TestBrowserColours(t *testing.T) {
	t.Parallel()
	p := newTab(t, talkative(t))
	background := func() string { return evaluate[string](p, `getComputedStyle(document.body).backgroundColor`) }
	const unfold = `document.querySelectorAll("details").forEach(e => e.open = true) || true`
	p.emulate("screen", "light")
	p.open("")
	evaluate[bool](p, unfold)
	light := background()
	assert.Equal(t, "rgb(255, 255, 255)", light)
	assert.Empty(t, evaluate[[]string](p, contrasts))
	p.emulate("screen", "dark")
	dark := background()
	assert.NotEqual(t, light, dark)
	assert.Empty(t, evaluate[[]string](p, contrasts))
	p.picture("dark")
	p.do(chromedp.Click(chromedp.CSS("[name=theme][value=light] + span")))
	assert.Equal(t, light, background())
	p.emulate("screen", "light")
	p.do(chromedp.Click(chromedp.CSS("[name=theme][value=dark] + span")))
	assert.Equal(t, dark, background())
	p.open("")
	assert.Equal(t, dark, background(), "the choice is kept")
	p.emulate("print", "light")
	assert.Equal(t, light, background(), "paper is white")
	p.quiet()
}

func TestBrowserPhone(t *testing.T) {
	t.Parallel()
	p := newTab(t, talkative(t))
	for _, width := range []int64{320, 360, 400} {
		p.do(chromedp.EmulateViewport(width, 700))
		p.open("")
		p.picture(fmt.Sprintf("phone-%d", width))
		evaluate[bool](p, `document.querySelectorAll("details").forEach(e => e.open = true) || true`)
		assert.LessOrEqual(t, evaluate[int64](p, `document.documentElement.scrollWidth`), width)
		assert.Empty(t, evaluate[[]string](p, fmt.Sprintf(`[...document.querySelectorAll("body *")]
			.filter(e => e.checkVisibility() && !e.closest(".diagram, .jump, svg, .unseen") && e.getBoundingClientRect().right > %d)
			.map(e => e.outerHTML.slice(0, 80))`, width)))
	}
	p.quiet()
}

func TestBrowserPrint(t *testing.T) {
	t.Parallel()
	p := newTab(t, talkative(t))
	p.open("")
	evaluate[bool](p, `document.querySelectorAll("details").forEach(e => e.open = false) || true`)
	p.emulate("print", "light")
	// The browser unfolds them with the next picture that it draws.
	assert.Eventually(t, func() bool { return p.visible("relay/new/fail", ".body") }, 10*time.Second, 10*time.Millisecond, "failures are printed unfolded")
	assert.False(t, p.visible("relay/new/fail", ".trace"))
	assert.False(t, p.visible("filters", ""))
	assert.True(t, p.visible("relay/new/fail", ".badge"), "verdicts are words")
	p.picture("print")
	pdf, err := chromedp.Run(p.ctx, chromedp.PrintToPDF())
	require.NoError(t, err)
	assert.Greater(t, len(pdf), 10_000)
	p.quiet()
}

func TestBrowserWithoutScript(t *testing.T) {
	t.Parallel()
	p := newTab(t, talkative(t))
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	p.open("#relay/new/error")
	assert.Len(t, p.cases(), 7)
	assert.False(t, p.visible("filters", ""))
	assert.True(t, p.visible("relay/new/error", ".body"), "an anchor unfolds its case")
	p.do(chromedp.Click(chromedp.CSS("[name=theme][value=dark] + span")))
	assert.NotEqual(t, "rgb(255, 255, 255)", evaluate[string](p, `getComputedStyle(document.body).backgroundColor`))
}

func TestBrowserBearsManyFailures(t *testing.T) {
	t.Parallel()
	p := newTab(t, many(t, 300))
	p.open("#verdict=problem")
	assert.Len(t, p.cases(), 300)
	p.quiet()
}
