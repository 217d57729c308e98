package relay

import (
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// roleOf is the role that a service needs for a command: messages and all that
// belongs to queues is for messaging services, notifications are for notifiers,
// what proxies send to destinations for proxies. PING is for everybody: zero.
// SMP, "Service roles" leaves it to the role; the list is the official relay's.
func roleOf(c smp.Command) transport.Role {
	switch c.(type) {
	case smp.PING:
		return 0
	case smp.NSUB, smp.NSUBS:
		return transport.RoleNotifier
	case smp.RFWD:
		return transport.RoleProxy
	}
	return transport.RoleMessaging
}

// checkService checks what a command has to do with the service that the client
// is, or is not: CMD PROHIBITED is for a service with another role, SERVICE for
// a wrong signature of the service or none. A forwarded command is that of an
// ordinary client, whoever forwards it.
func (s *Session) checkService(r *Request) *smp.Error {
	if s.verifier.Service != nil {
		if role := roleOf(r.Command); role != 0 && role != s.conn.Service().Role {
			return smp.ErrCmdProhibited
		}
	}
	return s.verifier.VerifyService(&r.Transmission, r.Command)
}
