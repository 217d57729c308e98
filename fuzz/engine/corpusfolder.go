package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"smpcheck/fuzz/program"
)

// programSuffix is that of the files of a corpus.
const programSuffix = ".smpf"

// maxProgramFile is the size of the largest file that can be a program, in bytes.
const maxProgramFile = 64 << 10

// nameOf is the name of a program in a corpus: the hash of its bytes, the same for
// everybody, so that several runs can share a folder.
func nameOf(p program.Program) string {
	hash := sha256.Sum256(p.Encode())
	return hex.EncodeToString(hash[:16])
}

// corpusFolder is where programs are shared with other runs.
type corpusFolder struct {
	dir string // empty for nowhere
	// seen are the names of the files that were read or written.
	seen map[string]bool
}

// openCorpus makes the folder if need be.
func openCorpus(dir string) (*corpusFolder, error) {
	if dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("the corpus: %w", err)
		}
	}
	return &corpusFolder{dir, make(map[string]bool)}, nil
}

// save writes a program unless it is there.
func (f *corpusFolder) save(p program.Program) error {
	name := nameOf(p)
	if f.dir == "" || f.seen[name] {
		return nil
	}
	f.seen[name] = true
	path := filepath.Join(f.dir, name+programSuffix)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := writeFile(path, p.Encode()); err != nil {
		return fmt.Errorf("the corpus: %w", err)
	}
	return nil
}

// read returns the programs that are new in the folder, in the order of their names. Files
// that are no programs, and those that vanish, are left alone.
func (f *corpusFolder) read() ([]program.Program, error) {
	if f.dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return nil, fmt.Errorf("the corpus: %w", err)
	}
	var programs []program.Program
	for _, e := range entries {
		name, isProgram := strings.CutSuffix(e.Name(), programSuffix)
		if !isProgram || f.seen[name] {
			continue
		}
		p, err := readProgram(filepath.Join(f.dir, e.Name()))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case errors.Is(err, errNoProgram):
			f.seen[name] = true
		case err != nil:
			return programs, fmt.Errorf("the corpus: %w", err)
		default:
			f.seen[name] = true
			programs = append(programs, p)
		}
	}
	return programs, nil
}

// errNoProgram says that a file is something else.
var errNoProgram = errors.New("no program")

func readProgram(path string) (program.Program, error) {
	info, err := os.Stat(path)
	if err != nil {
		return program.Program{}, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxProgramFile {
		return program.Program{}, errNoProgram
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return program.Program{}, err
	}
	p, err := program.Decode(b)
	if err != nil {
		return program.Program{}, fmt.Errorf("%w: %w", errNoProgram, err)
	}
	return p, nil
}
