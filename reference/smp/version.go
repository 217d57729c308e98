package smp

// The range of protocol versions that this package speaks.
const (
	MinVersion uint16 = 6
	MaxVersion uint16 = 20
)

// Versions at which the encoding or the meaning of something changed. SMP,
// "Abstract" has the history; 13 changed nothing.
const (
	// VersionAuthenticators allows X25519 authenticators; the session
	// identifier is authorized but no longer sent.
	VersionAuthenticators uint16 = 7
	// VersionProxy adds forwarding: PRXY, PFWD, RFWD and their responses.
	VersionProxy uint16 = 8
	// VersionSenderKeys adds SKEY; NEW and IDS say whether the sender may
	// secure the queue.
	VersionSenderKeys uint16 = 9
	// VersionDeleted adds DELD, which is END before.
	VersionDeleted uint16 = 10
	// VersionBlockEncryption encrypts blocks inside TLS.
	VersionBlockEncryption uint16 = 11
	// VersionBlocked adds the error BLOCKED, which is AUTH before.
	VersionBlocked uint16 = 12
	// VersionProxyFlag adds the proxy flag to the client's hello.
	VersionProxyFlag uint16 = 14
	// VersionShortLinks puts link data into NEW and link ids into IDS.
	VersionShortLinks uint16 = 15
	// VersionServices adds service certificates: service signatures, SOK,
	// service ids in IDS.
	VersionServices uint16 = 16
	// VersionNotifierKeys puts notifier credentials into NEW and IDS.
	VersionNotifierKeys uint16 = 17
	// VersionNotices adds notices to BLOCKED.
	VersionNotices uint16 = 18
	// VersionServiceCounts adds count and hash to SUBS and NSUBS, the hash to
	// SOKS and ENDS, and ALLS.
	VersionServiceCounts uint16 = 19
	// VersionNames adds RSLV, RNAME and the error NAME.
	VersionNames uint16 = 20
)
