package main

import (
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/vectors/gen/build"
)

// authorizing are the algorithms that can authorize commands.
var authorizing = []keys.Algorithm{keys.X25519, keys.Ed25519, keys.Ed448}

// toAuthorize are the inputs that authorize SUB at a version with a queue key of an
// algorithm, in no service session.
func toAuthorize(version int, a keys.Algorithm) build.Fields {
	in := build.Fields{
		"version": version, "session_id": build.Bytes("session id", 32), "correlation_id": build.Bytes("correlation id", 24),
		"entity_id": build.Bytes("entity id", 24), "command": []byte("SUB"),
		"queue_private_key": newPair(a, "queue "+a.String()).private, "relay_public_key": nil,
		"service_fingerprint": nil, "service_private_key": nil,
	}
	if !a.CanSign() {
		in["relay_public_key"] = newPair(keys.X25519, "relay session").public
	}
	return in
}

// inService adds a service to the inputs.
func inService(in build.Fields) build.Fields {
	return inputsFor(in, "service_fingerprint", build.Bytes("service certificate", 32), "service_private_key", newPair(keys.Ed25519, "service").private)
}

func authorizedTransmissions(f *build.File) {
	f.Flag("ServiceSession", "Authorized by the queue's key and by the key of a service.")
	f.Flag("WrongKeyType", "A key is of an algorithm that its place does not allow.")
	f.Flag("NoServerKey", "An X25519 key can authorize only with the relay's session key, and the relay sent none.")
	f.Flag("MalformedKey", "A key is not in its DER form.")
	g := f.Group("authorize", "commands authorized with the queue's key", "authorize_transmission", "decode_transmission")
	for _, v := range []int{6, 7, 16, 20} {
		for _, a := range authorizing {
			g.Valid(fmt.Sprintf("v%d-%s", v, a), fmt.Sprintf("version %d, a key of %s", v, a), toAuthorize(v, a))
		}
	}
	for _, v := range []int{16, 19} {
		for _, a := range authorizing {
			g.Valid(fmt.Sprintf("v%d-%s-service", v, a), fmt.Sprintf("version %d, a key of %s and a service", v, a), inService(toAuthorize(v, a)), "ServiceSession")
		}
	}
	g.Valid("no-entity", "no entity id, as in NEW", inputsFor(toAuthorize(18, keys.X25519), "entity_id", []byte{}, "command", []byte("NEW …")))
	g.Valid("tls-1.2", "a session id of 12 bytes", inputsFor(toAuthorize(18, keys.X25519), "session_id", build.Bytes("session id", 12)))

	base, service := toAuthorize(18, keys.X25519), inService(toAuthorize(18, keys.X25519))
	refuse := func(id, what, class, flag string, in build.Fields) {
		g.Invalid("authorize_transmission", id, what, in, class, flag)
	}
	refuse("no-relay-key", "an X25519 key without session key", "NoServerKey", "NoServerKey", inputsFor(base, "relay_public_key", nil))
	refuse("queue-X448", "a queue key of X448", "WrongKeyType", "WrongKeyType", toAuthorize(18, keys.X448))
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.X448} {
		refuse("relay-"+a.String(), "a session key of "+a.String(), "WrongKeyType", "WrongKeyType", inputsFor(base, "relay_public_key", newPair(a, "relay").public))
	}
	for _, a := range []keys.Algorithm{keys.X25519, keys.Ed448} {
		refuse("service-"+a.String(), "a service key of "+a.String(), "WrongKeyType", "WrongKeyType", inputsFor(service, "service_private_key", newPair(a, "service").private))
	}
	refuse("queue-cut", "a queue key without its last byte", "MalformedKey", "MalformedKey", inputsFor(base, "queue_private_key", base["queue_private_key"].([]byte)[:47]))
	refuse("relay-bare", "a session key without DER", "MalformedKey", "MalformedKey", inputsFor(base, "relay_public_key", base["relay_public_key"].([]byte)[12:]))
	refuse("service-v15", "a service at version 15", "ServiceSignature", "ServiceSignatureMisplaced", inService(toAuthorize(15, keys.X25519)))

	s := f.Group("by-service", "SUBS and NSUBS, which the service alone signs", "authorize_by_service", "decode_transmission")
	command := build.Fields{
		"session_id": build.Bytes("session id", 32), "correlation_id": build.Bytes("correlation id", 24), "entity_id": build.Bytes("service id", 24),
		"service_private_key": newPair(keys.Ed25519, "service").private,
	}
	counted := concat([]byte{0, 0, 0, 0, 0, 0, 0, 3}, build.Bytes("ids hash", 16)) // count and hash of the queues, from version 19
	for _, tag := range []string{"SUBS", "NSUBS"} {
		s.Valid("v16-"+tag, tag+" at version 16", inputsFor(command, "version", 16, "command", []byte(tag)))
		s.Valid("v19-"+tag, tag+" at version 19", inputsFor(command, "version", 19, "command", concat([]byte(tag+" "), counted)))
	}
	for _, a := range []keys.Algorithm{keys.X25519, keys.Ed448} {
		s.Invalid("authorize_by_service", a.String(), "a service key of "+a.String(),
			inputsFor(command, "version", 18, "command", []byte("SUBS"), "service_private_key", newPair(a, "service").private), "WrongKeyType", "WrongKeyType")
	}
}
