package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// A pkg is a package as "go list -json" describes it, with its fuzz targets.
type pkg struct {
	ImportPath, Dir, Name string
	Module                struct{ Path, Dir string }
	// TestGoFiles are in the package, XTestGoFiles in the external package NAME_test.
	TestGoFiles, XTestGoFiles []string
	XTestEmbedPatterns        []string

	inner, outer []string // the targets in TestGoFiles and XTestGoFiles
}

func (p *pkg) functions() []string { return append(append([]string{}, p.inner...), p.outer...) }

var notInNames = regexp.MustCompile(`[^A-Za-z0-9]+`)

// name is the path of the package in its module, of the characters that the name of a target
// may have at ClusterFuzz.
func (p *pkg) name() string {
	path := strings.Trim(strings.TrimPrefix(p.ImportPath, p.Module.Path), "/")
	return notInNames.ReplaceAllString(path, "_")
}

// discover returns those packages that have targets, of all packages if there are no patterns.
func discover(patterns []string) ([]*pkg, error) {
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	list := exec.Command("go", append([]string{"list", "-json"}, patterns...)...)
	output, err := list.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("go list: %w", err)
	}
	var found []*pkg
	names := map[string]string{}
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		p := &pkg{}
		if err := decoder.Decode(p); err == io.EOF {
			return found, nil
		} else if err != nil {
			return nil, err
		}
		if p.inner, err = targetsIn(p.Dir, p.TestGoFiles); err != nil {
			return nil, err
		}
		if p.outer, err = targetsIn(p.Dir, p.XTestGoFiles); err != nil {
			return nil, err
		}
		if len(p.functions()) == 0 {
			continue
		}
		if p.Name == "main" && len(p.inner) > 0 {
			return nil, fmt.Errorf("%s has fuzz targets in package main, which nothing can import; put them in main_test", p.ImportPath)
		}
		if len(p.outer) > 0 && len(p.XTestEmbedPatterns) > 0 {
			return nil, fmt.Errorf("%s embeds files in its external tests, which is not supported beside fuzz targets", p.ImportPath)
		}
		if other, taken := names[p.name()]; taken {
			return nil, fmt.Errorf("%s and %s would both be named %s", p.ImportPath, other, p.name())
		}
		names[p.name()] = p.ImportPath
		found = append(found, p)
	}
}

// targetsIn returns the names of the functions FuzzXxx(*testing.F) in files.
func targetsIn(dir string, files []string) ([]string, error) {
	var names []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			if f, isFunc := decl.(*ast.FuncDecl); isFunc && isTarget(f) {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names, nil
}

func isTarget(f *ast.FuncDecl) bool {
	if !strings.HasPrefix(f.Name.Name, "Fuzz") || f.Recv != nil || len(f.Type.Params.List) != 1 {
		return false
	}
	pointer, isPointer := f.Type.Params.List[0].Type.(*ast.StarExpr)
	if !isPointer {
		return false
	}
	selector, isSelector := pointer.X.(*ast.SelectorExpr)
	return isSelector && selector.Sel.Name == "F"
}
