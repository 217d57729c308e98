// Package names has the resolvers that a relay with the names role can ask:
// one that reads a file, and one that asks an HTTP endpoint. Both are a
// relay.Resolver.
//
// Who sees the lookups of a relay sees what its clients look for. The file stays
// on the machine; the endpoint, and whatever it asks, has to be the operator's
// own. SMP, "Router security requirements".
package names
