package smp

// need says whether a part of a transmission must, may or must not be there.
type need uint8

const (
	free need = iota
	required
	forbidden
)

// credentialRule is what a command needs. If a required part is missing the
// answer is missing, if a forbidden one is there it is HAS_AUTH.
type credentialRule struct {
	auth, entity need
	missing      *Error
}

var (
	// authorizedRule holds for all commands that no other rule names.
	authorizedRule = credentialRule{required, required, ErrCmdNoAuth}
	bareRule       = credentialRule{forbidden, forbidden, nil}
	entityRule     = credentialRule{forbidden, required, ErrCmdNoEntity}
)

// commandRules are the rules of the commands that differ from authorizedRule.
var commandRules = map[string]credentialRule{
	"NEW":  {required, forbidden, ErrCmdNoAuth},
	"SEND": {free, required, ErrCmdNoEntity},
	"LGET": entityRule,
	"PFWD": entityRule,
	"PING": bareRule,
	"PRXY": bareRule,
	"RFWD": bareRule,
	"RSLV": bareRule,
}

// CheckCredentials checks whether a command has the authorization and the
// entity id that it needs, and none that it must not have. It returns a nil
// *Error or
// what the relay answers: ErrCmdNoAuth, ErrCmdHasAuth or ErrCmdNoEntity. Parts
// that are missing are reported before parts that must not be there. SMP,
// "Command verification" and "Error responses"; the table is that of the
// official implementation.
func CheckCredentials(c Command, hasAuth, hasEntity bool) *Error {
	rule, ok := commandRules[c.Tag()]
	if !ok {
		rule = authorizedRule
	}
	if rule.auth == required && !hasAuth || rule.entity == required && !hasEntity {
		return rule.missing
	}
	if rule.auth == forbidden && hasAuth || rule.entity == forbidden && hasEntity {
		return ErrCmdHasAuth
	}
	return nil
}

// responseEntity are the rules of entity ids of responses; required for those
// that it does not name.
var responseEntity = map[string]need{
	"IDS":   free,
	"ERR":   free,
	"PONG":  forbidden,
	"PKEY":  forbidden,
	"RRES":  forbidden,
	"ALLS":  forbidden,
	"RNAME": forbidden,
}

// CheckEntity checks whether a response has the entity id that it needs. It
// returns a nil *Error, ErrCmdNoEntity or ErrCmdHasAuth, as the official client.
func CheckEntity(c Response, hasEntity bool) *Error {
	rule, ok := responseEntity[c.Tag()]
	switch {
	case !ok && !hasEntity:
		return ErrCmdNoEntity
	case rule == forbidden && hasEntity:
		return ErrCmdHasAuth
	}
	return nil
}

// UsesServiceSignature reports whether a command is signed by the service too
// in a service session: NEW, SUB and NSUB. No other command may have a service
// signature.
func UsesServiceSignature(c Command) bool {
	switch c.(type) {
	case NEW, SUB, NSUB:
		return true
	}
	return false
}
