//go:build browser

// The HTML report in a real browser. These tests need Chromium, so they are no part of
// "go test ./...": .ci/run calls them with -tags browser.
package report

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var pictures = flag.String("pictures", "", "write pictures of the report to this folder")

// patience is how long a test may take in the browser.
const patience = 2 * time.Minute

var chromium context.Context

func TestMain(m *testing.M) {
	flag.Parse()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	browser, closeBrowser := chromedp.NewContext(allocator)
	if err := chromedp.Do(browser); err != nil {
		fmt.Fprintln(os.Stderr, "start the browser:", err)
		os.Exit(1)
	}
	chromium = browser
	code := m.Run()
	closeBrowser()
	stop()
	os.Exit(code)
}

// tab is a tab of the browser and what it said and asked for besides the page.
type tab struct {
	t   *testing.T
	ctx context.Context
	url string

	mu         sync.Mutex
	complaints []string
}

// newTab returns an empty tab for the report of the document, which is written to a file.
func newTab(t *testing.T, d *Document) *tab {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(file, render(t, d, HTMLFormat), 0o600))
	p := &tab{t: t, url: "file://" + file}
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithListener(p.listen))
	t.Cleanup(cancel)
	ctx, cancelTime := context.WithTimeout(ctx, patience)
	t.Cleanup(cancelTime)
	p.ctx = ctx
	call(p, network.Enable, network.EnableParams{})
	return p
}

// call sends a command of the protocol to the tab.
func call[P, R any](p *tab, command cdp.Command[P, R], params P) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, command, params)
	require.NoError(p.t, err)
}

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.ctx, actions...))
}

// open loads the page with what stands after the # of its address.
func (p *tab) open(hash string) {
	p.t.Helper()
	p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.url+hash))
}

// evaluate returns what an expression of the page's language gives.
func evaluate[T any](p *tab, expression string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	require.NoError(p.t, err, expression)
	return value
}

// follow goes to an anchor of the page and waits until the page has noticed.
func (p *tab) follow(anchor string) {
	p.t.Helper()
	p.move(func() { evaluate[string](p, fmt.Sprintf(`location.hash = %q`, anchor)) })
}

// click clicks a link to an anchor of the page, as follow does.
func (p *tab) click(selector string) {
	p.t.Helper()
	p.move(func() { p.do(chromedp.Click(chromedp.CSS(selector))) })
}

// move does what changes the anchor, and waits until the page has noticed.
func (p *tab) move(change func()) {
	p.t.Helper()
	evaluate[bool](p, `(globalThis.moved = new Promise(done => addEventListener("hashchange", () => done(true), {once: true}))) && true`)
	change()
	_, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("moved", chromedp.EvalAwaitPromise))
	require.NoError(p.t, err)
}

// choose gives a value to a field of the filters, as a person does.
func (p *tab) choose(field, value string) {
	p.t.Helper()
	evaluate[bool](p, fmt.Sprintf(`(() => {
		const field = document.querySelector("[name=%s]");
		field.value = %q;
		return field.dispatchEvent(new Event("input", {bubbles: true}));
	})()`, field, value))
}

// cases are the ids of the cases that the page shows, those in folded groups too.
func (p *tab) cases() []string {
	p.t.Helper()
	return evaluate[[]string](p, `[...document.querySelectorAll(".case")].filter(e => !e.closest("[hidden]")).map(e => e.id)`)
}

// visible reports whether the element with the id, or a part of it, is laid out.
func (p *tab) visible(id, part string) bool {
	p.t.Helper()
	return evaluate[bool](p, fmt.Sprintf(`(() => {
		const e = document.getElementById(%q);
		const part = %q ? e.querySelector(%[2]q) : e;
		return part.checkVisibility({contentVisibilityAuto: true});
	})()`, id, part))
}

// emulate sets the kind of medium and the colours that the reader prefers.
func (p *tab) emulate(medium, colours string) {
	p.t.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media:    medium,
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: colours}},
	})
}

// picture writes a picture of the whole page if pictures are asked for.
func (p *tab) picture(name string) {
	p.t.Helper()
	if *pictures == "" {
		return
	}
	image, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	require.NoError(p.t, err)
	require.NoError(p.t, os.WriteFile(filepath.Join(*pictures, name+".png"), image, 0o600))
}

// quiet fails the test if the page has complained or has asked for anything else. The
// events come before the answer to the last expression.
func (p *tab) quiet() {
	p.t.Helper()
	evaluate[int](p, "1")
	p.mu.Lock()
	defer p.mu.Unlock()
	assert.Empty(p.t, p.complaints)
}

func (p *tab) listen(event any) {
	var complaint string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		complaint = "exception: " + e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		complaint = fmt.Sprintf("console: %v", e.Args)
	case *log.EventEntryAdded:
		complaint = "log: " + e.Entry.Text
	case *network.EventRequestWillBeSent:
		url, _, _ := strings.Cut(e.Request.URL, "#")
		if url == p.url || url == "about:blank" || strings.HasPrefix(url, "data:") {
			return
		}
		complaint = "request: " + url
	default:
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.complaints = append(p.complaints, complaint)
}
