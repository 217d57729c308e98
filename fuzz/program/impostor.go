package program

// impostorCommands is how many commands an impostor tries.
const impostorCommands = 10

// impostor has somebody give many commands for the queue of the story with the same wrong
// key, or under the same wrong id. Each pair of a command and a wrong key is rare among
// programs that have one thing wrong, and a relay has to refuse all of them alike.
func (g *generator) impostor() {
	op := Op{Conn: oneOf(g, g.recipient, g.sender, g.third), Queue: g.queue}
	if g.chance(2) {
		op.Entity = 1 + Entity(g.IntN(int(Entities)-1))
	} else {
		op.Signer = 1 + Signer(g.IntN(int(Signers)-1))
	}
	var tries []Op
	for _, i := range g.Perm(len(queueCommands))[:impostorCommands] {
		op.Kind = queueCommands[i]
		op.Arg = g.arg(op.Kind)
		tries = append(tries, op)
	}
	g.insert(tries)
}

// queueCommands are the commands for a queue.
var queueCommands = []Kind{
	SUB, KEY, RKEY, LSET, LDEL, NKEY, NDEL, GET, ACK, OFF, DEL, QUE, SEND, SKEY, LKEY, LGET, NSUB,
}
