package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"smpcheck/reference/relay"
	"smpcheck/reference/relay/names"
)

// maxCredentials is the longest Authorization header that is read, in bytes.
const maxCredentials = 4096

// namesOptions are the flags of the names role.
type namesOptions struct {
	file, url, credentials string
	timeout                time.Duration
}

func (o *namesOptions) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.file, "names-file", "", "resolve the names in a `file`: a JSON object of records by name")
	f.StringVar(&o.url, "names-url", "", "resolve names at an HTTP endpoint, GET `URL`/resolve/NAME, which sees every name that is looked up")
	f.StringVar(&o.credentials, "names-auth-file", "", "`file` with the Authorization header for --names-url on its first line")
	f.DurationVar(&o.timeout, "names-timeout", relay.DefaultNamesTimeout, "`time` that a name may take")
}

// enabled reports whether the relay is to resolve names.
func (o *namesOptions) enabled() bool { return o.file != "" || o.url != "" }

// config is nil if the relay is not to resolve names.
func (o *namesOptions) config() (*relay.NamesConfig, error) {
	if !o.enabled() {
		return nil, nil
	}
	resolver, err := o.resolver()
	if err != nil {
		return nil, err
	}
	return &relay.NamesConfig{Resolver: resolver, Timeout: o.timeout}, nil
}

func (o *namesOptions) resolver() (relay.Resolver, error) {
	if o.file != "" {
		if err := checkUnchangeable(o.file); err != nil {
			return nil, fmt.Errorf("--names-file: %w", err)
		}
		resolver, err := names.LoadFile(o.file)
		if err != nil {
			return nil, usage("--names-file: %w", err)
		}
		return resolver, nil
	}
	var header string
	if o.credentials != "" {
		line, err := secretFrom(o.credentials, maxCredentials)
		if err != nil {
			return nil, fmt.Errorf("--names-auth-file: %w", err)
		}
		scheme, rest, _ := strings.Cut(string(line), " ")
		if scheme == "" || rest == "" {
			return nil, usage("--names-auth-file: expected a scheme and credentials, such as Bearer TOKEN")
		}
		header = string(line)
	}
	resolver, err := names.NewHTTP(o.url, header)
	if err != nil {
		return nil, usage("--names-url: %w", err)
	}
	return resolver, nil
}
