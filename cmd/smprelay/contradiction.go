package main

import (
	"slices"
	"strings"

	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// contradiction refuses flags that do not go together, and flags without effect,
// which whoever gave them takes for effective.
func (o options) contradiction(versions wire.VersionRange) error {
	for _, name := range []string{"password", "password-file", "dir", "host", "names-file", "names-url", "names-auth-file", "control"} {
		if o.given(name) && o.text(name) == "" {
			return usage("--%s is empty", name)
		}
	}
	for _, host := range strings.Split(o.host, ",") {
		if _, err := wire.ParseHost(host); o.host != "" && err != nil {
			return usage("--host %q, expected a domain name or an IP address", host)
		}
	}
	return firstError(o.proxyContradiction(versions), o.namesContradiction(versions))
}

// text is the value of a flag with text.
func (o options) text(name string) string {
	return map[string]string{
		"password": o.password, "password-file": o.passwordFile, "dir": o.dir, "host": o.host,
		"names-file": o.names.file, "names-url": o.names.url, "names-auth-file": o.names.credentials, "control": o.control,
	}[name]
}

func (o options) namesContradiction(versions wire.VersionRange) error {
	n := &o.names
	switch {
	case n.file != "" && n.url != "":
		return usage("--names-file and --names-url exclude each other")
	case n.url == "" && o.given("names-auth-file"):
		return usage("--names-auth-file has no effect without --names-url")
	case !n.enabled():
		return o.needless("no --names-file and no --names-url", "names-timeout")
	case versions.Max < smp.VersionNames:
		return usage("names need version %d, --versions ends with %d", smp.VersionNames, versions.Max)
	case !o.given("proxy"):
		return usage("a relay that resolves names and forwards sees who looks for what: choose --proxy=false, or --proxy for both")
	}
	return nil
}

// needless refuses flags that have no effect with another one.
func (o options) needless(with string, names ...string) error {
	i := slices.IndexFunc(names, func(name string) bool { return o.given(name) })
	if i < 0 {
		return nil
	}
	return usage("--%s has no effect with %s", names[i], with)
}

func firstError(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}
