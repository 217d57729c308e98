package smp

import "smpcheck/reference/wire"

// putHost writes a host of a server in the form that wire.ParseHost gives it.
func putHost(w *wire.Writer, host string) {
	h, err := wire.ParseHost(host)
	if err != nil {
		w.Fail(err)
	}
	w.Short([]byte(h.String()))
}

func readHost(r *wire.Reader) string {
	b := r.Short()
	if r.Err() != nil {
		return ""
	}
	h, err := wire.ParseHost(string(b))
	if err != nil {
		r.Fail(err)
	}
	return h.String()
}
