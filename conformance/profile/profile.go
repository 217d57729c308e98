// Package profile has named lists of cases, for targets that are not meant to do
// everything and for readers who ask one question. Each is a file of this folder.
package profile

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"smpcheck/conformance"
	"smpcheck/spec"
)

//go:embed *.yaml
var files embed.FS

// Profile is a named list of cases: those that IDs, Requirements or Claims take, if they
// have one of the Levels, concern one of the Versions and are not in Skip.
type Profile struct {
	Name string `yaml:"name"`
	// Summary is a sentence for readers.
	Summary string `yaml:"summary"`
	// IDs are patterns of the ids of cases, as in conformance.ParsePattern.
	IDs []string `yaml:"ids"`
	// Requirements are such patterns too; they take the cases that cite what they match.
	Requirements []string `yaml:"requirements"`
	// Claims takes the cases of that level.
	Claims bool `yaml:"claims"`
	// Levels limits the profile to cases of these levels; none is no limit.
	Levels []spec.Level `yaml:"levels"`
	// Skip are patterns of the ids of cases that are left out.
	Skip []string `yaml:"skip"`
	// Versions limits the profile to a selection of versions, as in
	// conformance.ParseVersions; empty is no limit.
	Versions string `yaml:"versions"`
}

// All returns the profiles by name. The error says what is wrong with the files.
func All() ([]*Profile, error) { return load(files) }

// Find returns the profile with the name. The error lists the names that exist.
func Find(name string) (*Profile, error) {
	all, err := All()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range all {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return nil, fmt.Errorf("profile %q is none of %v", name, names)
}

func load(fsys fs.FS) ([]*Profile, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("find the profiles: %w", err)
	}
	var all []*Profile
	for _, name := range names {
		p, err := read(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("profile %s: %w", name, err)
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *Profile) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func read(fsys fs.FS, file string) (*Profile, error) {
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, err
	}
	var p Profile
	if err := yaml.UnmarshalWithOptions(text, &p, yaml.Strict()); err != nil {
		return nil, err
	}
	if file != p.Name+path.Ext(file) {
		return nil, fmt.Errorf("its name is %q", p.Name)
	}
	return &p, p.check()
}

// check returns an error that names everything malformed.
func (p *Profile) check() error {
	var errs []error
	if !strings.HasSuffix(p.Summary, ".") {
		errs = append(errs, errors.New("the summary is no sentence"))
	}
	if len(p.IDs)+len(p.Requirements) == 0 && !p.Claims {
		errs = append(errs, errors.New("it takes no case"))
	}
	for _, text := range slices.Concat(p.IDs, p.Requirements, p.Skip) {
		if _, err := conformance.ParsePattern(text); err != nil {
			errs = append(errs, err)
		}
	}
	for _, level := range p.Levels {
		if _, err := spec.ParseLevel(string(level)); err != nil {
			errs = append(errs, err)
		}
	}
	if _, err := p.Only(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Only returns the versions to which the profile is limited, nil for no limit.
func (p *Profile) Only() ([]uint16, error) {
	if p.Versions == "" {
		return nil, nil
	}
	return conformance.ParseVersions(p.Versions)
}
