package tlsprobe

import "errors"

// expectation says whether an error is of the class that a test wants.
type expectation func(error) bool

func is(target error) expectation {
	return func(err error) bool { return errors.Is(err, target) }
}

func as[T error]() expectation {
	return func(err error) bool {
		_, ok := errors.AsType[T](err)
		return ok
	}
}

func violates(alert Alert) expectation {
	return func(err error) bool {
		protocol, ok := errors.AsType[*ProtocolError](err)
		return ok && protocol.Alert == alert
	}
}

func unsupported(what string) expectation {
	return func(err error) bool {
		e, ok := errors.AsType[*UnsupportedError](err)
		return ok && e.What == what
	}
}
