package main

import (
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/vectors/gen/build"
)

// toVerify are the inputs of a relay that verifies what in authorizes.
func toVerify(in build.Fields, a keys.Algorithm) build.Fields {
	out := build.Fields{
		"version": in["version"], "session_id": in["session_id"], "transmission": answerOf("authorize_transmission", "transmission", in),
		"queue_key": newPair(a, "queue "+a.String()).public, "relay_private_key": nil,
		"service_fingerprint": in["service_fingerprint"], "service_key": nil,
	}
	if !a.CanSign() {
		out["relay_private_key"] = newPair(keys.X25519, "relay session").private
	}
	if in["service_private_key"] != nil {
		out["service_key"] = newPair(keys.Ed25519, "service").public
	}
	return out
}

func verifiedTransmissions(f *build.File) {
	f.Flag("BadAuthorization", "The authorization is not that of the queue's key for these bytes.")
	f.Flag("OtherKey", "A key is another one than that of the authorization.")
	f.Flag("SchemeMismatch", "The authorization is of another scheme than the queue's key.")
	f.Flag("OtherContext", "The authorization was made for another session or another command.")
	f.Flag("BadService", "The service's signature is missing, stands where it must not, or is not the service's.")
	g := f.Group("verify", "whole transmissions as a relay verifies them", "verify_transmission")
	for _, v := range []int{6, 7, 16, 20} {
		for _, a := range authorizing {
			g.Valid(fmt.Sprintf("v%d-%s", v, a), fmt.Sprintf("version %d, a key of %s", v, a), toVerify(toAuthorize(v, a), a))
		}
	}
	for _, a := range authorizing {
		g.Valid(fmt.Sprintf("service-%s", a), fmt.Sprintf("a key of %s and a service", a), toVerify(inService(toAuthorize(18, a)), a), "ServiceSession")
	}
	refusedByKey(g)
	refusedContext(g)
	refusedService(g)
}

// authorizationAt is where the authorization begins in a transmission, behind its length.
const authorizationAt = 1

func refusedByKey(g *build.Group) {
	for _, a := range authorizing {
		good := toVerify(toAuthorize(18, a), a)
		sent := good["transmission"].([]byte)
		end := authorizationAt + int(sent[0]) - 1
		for _, at := range []int{authorizationAt, authorizationAt + 40, end} {
			g.Invalid("verify_transmission", fmt.Sprintf("%s-byte-%d", a, at), fmt.Sprintf("%s: a bit of the authorization changed", a),
				inputsFor(good, "transmission", changedBit(sent, at)), "NotAuthorized", "BadAuthorization")
		}
		g.Invalid("verify_transmission", a.String()+"-command", a.String()+": another command", inputsFor(good, "transmission", concat(sent[:len(sent)-3], []byte("GET"))), "NotAuthorized", "OtherContext")
		g.Invalid("verify_transmission", a.String()+"-other-key", a.String()+": the key of another queue", inputsFor(good, "queue_key", newPair(a, "other queue").public), "NotAuthorized", "OtherKey")
		for _, other := range authorizing {
			if other != a {
				g.Invalid("verify_transmission", fmt.Sprintf("%s-by-%s", other, a), fmt.Sprintf("the queue's key is of %s, the authorization by one of %s", other, a),
					inputsFor(good, "queue_key", newPair(other, "queue "+other.String()).public, "relay_private_key", newPair(keys.X25519, "relay session").private), "NotAuthorized", "SchemeMismatch")
			}
		}
	}
	good := toVerify(toAuthorize(18, keys.X25519), keys.X25519)
	sent := good["transmission"].([]byte)
	g.Invalid("verify_transmission", "other-relay-key", "the session key of another connection", inputsFor(good, "relay_private_key", newPair(keys.X25519, "other relay").private), "NotAuthorized", "OtherKey")
	g.Invalid("verify_transmission", "79-bytes", "an authenticator without its last byte", inputsFor(good, "transmission", concat([]byte{79}, sent[1:80], sent[81:])), "AuthorizationSize", "AuthorizationLength")
}

func refusedContext(g *build.Group) {
	in := toAuthorize(18, keys.X25519)
	good := toVerify(in, keys.X25519)
	authorization := answerOf("authorize_transmission", "authorization", in)
	session := in["session_id"].([]byte)
	g.Invalid("verify_transmission", "other-session", "made for another session", inputsFor(good, "session_id", changedBit(session, 0)), "NotAuthorized", "OtherContext")
	g.Invalid("verify_transmission", "v6-other-session", "sent at version 6 with the id of another session",
		inputsFor(toVerify(toAuthorize(6, keys.X25519), keys.X25519), "session_id", changedBit(session, 0)), "OtherSession", "OtherSession")
	moved := func(id, what string, changes ...any) {
		parts := inputsFor(transmissionParts(18), append([]any{"authorization", authorization}, changes...)...)
		g.Invalid("verify_transmission", id, what, inputsFor(good, "transmission", answerOf("encode_transmission", "transmission", parts)), "NotAuthorized", "OtherContext")
	}
	moved("other-id", "with another correlation id, which is the nonce too", "correlation_id", build.Bytes("other id", 24))
	moved("other-entity", "with another entity id", "entity_id", build.Bytes("other entity", 24))
	moved("no-entity", "without entity id", "entity_id", []byte{})
	bare := answerOf("encode_transmission", "authorized", inputsFor(transmissionParts(18), "session_id", []byte{}))[1:]
	unbound := answerOf("make_authenticator", "authenticator", build.Fields{
		"private_key": in["queue_private_key"], "public_key": in["relay_public_key"], "correlation_id": in["correlation_id"], "authorized": bare,
	})
	moved("without-session", "made of the sent bytes alone, without session id", "authorization", unbound)
}

func refusedService(g *build.Group) {
	in := toAuthorize(18, keys.Ed25519)
	plain, service := toVerify(in, keys.Ed25519), toVerify(inService(in), keys.Ed25519)
	serviceKey, fingerprint := service["service_key"], service["service_fingerprint"]
	refuse := func(id, what, class string, from build.Fields, changes ...any) {
		g.Invalid("verify_transmission", id, what, inputsFor(from, changes...), class, "BadService")
	}
	sent := service["transmission"].([]byte)
	const signatureAt = 1 + 64 + 2 // authorization with length, option, length
	refuse("service-bit", "a bit of the service signature changed", "NotService", service, "transmission", changedBit(sent, signatureAt))
	refuse("service-missing", "no service signature in a service session", "NotService", plain, "service_key", serviceKey, "service_fingerprint", fingerprint)
	refuse("service-elsewhere", "a service signature in a session that is none of a service", "NotService", service, "service_key", nil, "service_fingerprint", nil)
	refuse("other-service", "the key of another service", "NotService", service, "service_key", newPair(keys.Ed25519, "other service").public)
	refuse("other-certificate", "another service certificate", "NotAuthorized", service, "service_fingerprint", build.Bytes("other certificate", 32))

	authorization := answerOf("authorize_transmission", "authorization", in)
	signature := answerOf("authorize_transmission", "service_signature", inService(in))
	parts := inputsFor(transmissionParts(18), "authorization", authorization, "service_signature", signature)
	refuse("not-covered", "the queue's key does not cover the service certificate", "NotAuthorized", service, "transmission", answerOf("encode_transmission", "transmission", parts))
	queue := answerOf("authorize_transmission", "authorization", inService(in))
	covered := concat(fingerprint.([]byte), answerOf("encode_transmission", "authorized", transmissionParts(18)))
	both := answerOf("sign", "signature", build.Fields{"private_der": newPair(keys.Ed25519, "service").private, "message": covered})
	refuse("covers-certificate", "the service signed its own fingerprint too", "NotService", service,
		"transmission", answerOf("encode_transmission", "transmission", inputsFor(parts, "authorization", queue, "service_signature", both)))
	send := inService(inputsFor(in, "command", []byte("SEND T body")))
	refuse("send", "a service signature for SEND, which only queues' keys authorize", "NotService", toVerify(send, keys.Ed25519))
}
