package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"smpcheck/spec"
)

//go:embed html
var htmlFiles embed.FS

var htmlTemplate = template.Must(template.New("").Funcs(template.FuncMap{
	"count": Count,
	// anchor keeps the slashes of an id, which a part of an attribute would lose.
	"anchor": func(id string) string { return "#" + id },
	// words are the parts of a command that stay on one line if they can.
	"words": func(command string) []string { return strings.Split(command, " ") },
}).ParseFS(htmlFiles, "html/*.tmpl"))

// HTML writes the report as one page without anything outside of it: no network, no
// other file. Its policy allows the page's own style and script alone, so that nothing
// in the words of a target can act. Control characters are escaped as in Text.
func (d *Document) HTML(w io.Writer, catalogue *spec.Catalogue) error {
	page := newPage(d, catalogue)
	style, err := htmlFiles.ReadFile("html/report.css")
	if err != nil {
		return fmt.Errorf("read the style of the HTML report: %w", err)
	}
	script, err := htmlFiles.ReadFile("html/report.js")
	if err != nil {
		return fmt.Errorf("read the script of the HTML report: %w", err)
	}
	page.Style, page.Script = template.CSS(style), template.JS(script)
	page.Policy = fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; img-src data:; base-uri 'none'; form-action 'none'",
		hashSource(style), hashSource(script))
	var b bytes.Buffer
	if err := htmlTemplate.ExecuteTemplate(&b, "report.tmpl", page); err != nil {
		return fmt.Errorf("make the HTML report: %w", err)
	}
	if _, err := w.Write(tidy(b.Bytes())); err != nil {
		return fmt.Errorf("write the HTML report: %w", err)
	}
	return nil
}

// hashSource is the source expression of a Content-Security-Policy that allows exactly
// this inline text.
func hashSource(text []byte) string {
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// tidy removes the indentation that the template leaves behind. The style and the
// script, whose hashes are in the policy, stand in the head and stay as they are.
func tidy(page []byte) []byte {
	head, body, _ := bytes.Cut(page, []byte("<body>"))
	out := append(bytes.Clone(head), "<body>\n"...)
	for line := range bytes.Lines(body) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			out = append(append(out, line...), '\n')
		}
	}
	return out
}

// Count is a number and its noun, in the plural unless the number is 1.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
