// Command official turns the known answers of the official implementation into
// the vector files and recordings of this project.
//
//	go run ./vectors/gen/official -from DIR [-to vectors/official]
//
// DIR holds the files that a program linked with the official implementation
// wrote (commands.json, …, recording-raw-v18.json.gz). The output depends on
// them alone: running the command again writes the same bytes. It exits with 0,
// with 1 when a file cannot be converted without loss, and with 2 on bad usage.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// maxFile is the largest size of a file that is stored without compression.
const maxFile = 2_500_000

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("official", flag.ContinueOnError)
	flags.SetOutput(stderr)
	from := flags.String("from", "", "`folder` with the answers of the official implementation (required)")
	to := flags.String("to", filepath.Join("vectors", "official"), "`folder` to write to")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *from == "" || flags.NArg() > 0 {
		fmt.Fprintln(stderr, "official: expected -from FOLDER and nothing else; see -help")
		return 2
	}
	if err := convertAll(*from, *to, stdout); err != nil {
		fmt.Fprintln(stderr, "official:", err)
		return 1
	}
	return 0
}

func convertAll(from, to string, progress io.Writer) error {
	if err := os.MkdirAll(filepath.Join(to, "recordings"), 0o755); err != nil {
		return err
	}
	var source object
	for _, k := range kinds {
		in, err := readObject(filepath.Join(from, k.name+".json"))
		if err != nil {
			return err
		}
		out, err := convert(k, in)
		if err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		source = out.source
		if err := store(filepath.Join(to, k.name+".json"), out.text(), maxFile, progress); err != nil {
			return err
		}
	}
	var records []any
	for _, name := range recordings {
		in, err := readObject(filepath.Join(from, "recording-"+name+".json.gz"))
		if err != nil {
			return err
		}
		out, err := convertRecording(in, source)
		if err != nil {
			return fmt.Errorf("recording %s: %w", name, err)
		}
		if slices.Contains(ratchetRecordings, name) {
			more, err := ratchetRecords(name, in)
			if err != nil {
				return fmt.Errorf("recording %s: %w", name, err)
			}
			records = append(records, more...)
		}
		if err := store(filepath.Join(to, "recordings", name+".json"), out, 0, progress); err != nil {
			return err
		}
	}
	out, err := convert(recordedRatchet, object{"source": source, "count": len(records), "records": records})
	if err != nil {
		return fmt.Errorf("%s: %w", recordedRatchet.name, err)
	}
	return store(filepath.Join(to, recordedRatchet.name+".json"), out.text(), maxFile, progress)
}

// object is a JSON object as the json package decodes it, with numbers kept as
// text.
type object = map[string]any

// readObject reads one JSON object, with gzip when the name says so.
func readObject(name string) (object, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := plainReader(name, f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	d := json.NewDecoder(r)
	d.UseNumber()
	var o object
	if err := d.Decode(&o); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	return o, nil
}
