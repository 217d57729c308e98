// Package protocol holds tests of the agent on the wire, and nothing else. The other
// side of each connection is a script that makes and opens every layer by hand –
// commands to relays, the encryption of queues, the ratchet, the messages – so that the
// tests see what an agent writes and in which order, and can write what no honest agent
// would. Relays in the same process record the commands that they execute.
package protocol
