package spec

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

// claimsTopic is the folder of the records of level claim.
const claimsTopic = "claims/"

//go:embed *.yaml claims/*.yaml
var embedded embed.FS

// Catalogue holds all records, found by id. Nobody changes it or its records, so
// several goroutines may use it.
type Catalogue struct {
	records []*Record
	byID    map[string]*Record
}

// Load returns the catalogue that is built into the program, the same one every time.
// The error names every file and record that breaks a rule of the format: unknown
// fields, ids that are malformed or used twice, empty texts, unknown levels and roles.
func Load() (*Catalogue, error) { return load() }

var load = sync.OnceValues(func() (*Catalogue, error) { return LoadFS(embedded) })

// LoadFS reads the catalogue from every file whose name ends in ".yaml", in root and in
// its folder claims, except pending.yaml. Each holds a list of records; its path is their
// topic.
func LoadFS(root fs.FS) (*Catalogue, error) {
	var names []string
	for _, pattern := range []string{"*.yaml", claimsTopic + "*.yaml"} {
		found, err := fs.Glob(root, pattern)
		if err != nil {
			return nil, fmt.Errorf("list requirement files: %w", err)
		}
		names = append(names, found...)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == pendingFile })
	slices.Sort(names)
	c := &Catalogue{byID: make(map[string]*Record)}
	var errs []error
	for _, name := range names {
		errs = append(errs, c.add(root, name))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Catalogue) add(root fs.FS, name string) error {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return fmt.Errorf("read requirements: %w", err)
	}
	var records []*Record
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&records); err != nil {
		return fmt.Errorf("requirements in %s: %w", name, err)
	}
	var errs []error
	for i, r := range records {
		if r == nil {
			errs = append(errs, fmt.Errorf("requirements in %s: record %d is empty", name, i+1))
			continue
		}
		r.Topic = strings.TrimSuffix(name, ".yaml")
		r.Summary = strings.TrimSpace(r.Summary)
		r.Notes = strings.TrimSpace(r.Notes)
		if err := r.validate(); err != nil {
			errs = append(errs, fmt.Errorf("requirement %s in %s: %w", r.ID, name, err))
		}
		if earlier, used := c.byID[r.ID]; used {
			errs = append(errs, fmt.Errorf("requirement %s in %s was already in %s.yaml", r.ID, name, earlier.Topic))
			continue
		}
		c.byID[r.ID] = r
		c.records = append(c.records, r)
	}
	return errors.Join(errs...)
}

// Records returns all records, sorted by topic and then in the order of their file.
func (c *Catalogue) Records() []*Record { return slices.Clone(c.records) }

// Lookup returns the record with the id.
func (c *Catalogue) Lookup(id string) (*Record, bool) {
	r, ok := c.byID[id]
	return r, ok
}
