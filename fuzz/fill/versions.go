package fill

import "smpcheck/reference/smp"

// CommandAt returns what a reader at the given version has of a valid command: the parts
// that the version has a place for. It is written from the table of versions, not from the
// codec, which is tested against it.
func CommandAt(version uint16, c smp.Command) smp.Command {
	switch c := c.(type) {
	case smp.NEW:
		c.Request = requestAt(version, c.Request)
		if version < smp.VersionNotifierKeys {
			c.Notifier = nil
		}
		return c
	case smp.SUBS:
		c.ServiceQueues = subscriptionAt(version, c.ServiceQueues)
		return c
	case smp.NSUBS:
		c.ServiceQueues = subscriptionAt(version, c.ServiceQueues)
		return c
	}
	return c
}

// requestAt: nothing before version 9, whether the sender may secure before version 15.
func requestAt(version uint16, q *smp.QueueRequest) *smp.QueueRequest {
	switch {
	case version < smp.VersionSenderKeys:
		return nil
	case version >= smp.VersionShortLinks:
		return q
	case q != nil && q.Mode == smp.Messaging:
		return &smp.QueueRequest{Mode: smp.Messaging}
	}
	return &smp.QueueRequest{Mode: smp.Contact}
}

// subscriptionAt: neither count nor hash before version 19.
func subscriptionAt(version uint16, q smp.ServiceQueues) smp.ServiceQueues {
	if version < smp.VersionServiceCounts {
		return smp.ServiceQueues{Count: smp.UnknownCount}
	}
	return q
}

// ResponseAt returns what a reader at the given version has of a valid response; see
// CommandAt.
func ResponseAt(version uint16, c smp.Response) smp.Response {
	switch c := c.(type) {
	case smp.IDS:
		return idsAt(version, c)
	case smp.SOK:
		if version < smp.VersionServices {
			return smp.OK{}
		}
	case smp.DELD:
		if version < smp.VersionDeleted {
			return smp.END{}
		}
	case smp.SOKS:
		c.ServiceQueues = answerAt(version, c.ServiceQueues)
		return c
	case smp.ENDS:
		c.ServiceQueues = answerAt(version, c.ServiceQueues)
		return c
	case smp.ERR:
		return smp.ERR{Err: errorAt(version, c.Err)}
	}
	return c
}

func idsAt(version uint16, c smp.IDS) smp.IDS {
	switch {
	case version < smp.VersionSenderKeys:
		c.Mode = 0
	case version < smp.VersionShortLinks && c.Mode != smp.Messaging:
		c.Mode = smp.Contact
	}
	if version < smp.VersionShortLinks {
		c.LinkID = nil
	}
	if version < smp.VersionServices {
		c.ServiceID = nil
	}
	if version < smp.VersionNotifierKeys {
		c.Notifier = nil
	}
	return c
}

// answerAt: no hash before version 19.
func answerAt(version uint16, q smp.ServiceQueues) smp.ServiceQueues {
	if version < smp.VersionServiceCounts {
		q.IDsHash = smp.IDsHash{}
	}
	return q
}

// errorAt: AUTH in place of BLOCKED before version 12, no notice before 18. What another
// relay said stands in PROXY as it came.
func errorAt(version uint16, e *smp.Error) *smp.Error {
	switch {
	case e.Code != smp.CodeBlocked:
		return e
	case version < smp.VersionBlocked:
		return smp.ErrAuth
	case version < smp.VersionNotices:
		return smp.BlockedError(e.Blocking.Reason, nil)
	}
	return e
}
