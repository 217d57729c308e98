// Package model judges what a relay does while a program of the fuzzer runs against it.
//
// A Model is a small relay in the head of the judge: queues with their keys, modes, links,
// notifiers, messages and subscriptions. It implements drive.Judge: each command that is
// sent makes the set of answers that are allowed, each answer and each event is looked up
// in it, and when everything has settled what had to come and did not is reported.
//
// # What is not known
//
// A relay may execute commands that are under way at the same time in any order: those of
// one block, those of several connections, and those that were sent without waiting for
// the answer before. Documents and relays also leave choices, such as whether the message
// that waits is the answer to SUB or comes behind it. So the model keeps for each queue
// all states that it can be in. An answer is allowed if in one of these states some order
// of the commands that are under way leads to it; the states from which it cannot follow
// are dropped. A breach is reported when no state is left.
//
// Where even that is too much to follow, after more commands under way than can be put in
// order, or after a breach, a queue is given up: from then on its answers are not judged,
// and only the integrity of its messages is. A command whose answer cannot come any more,
// since its connection has ended, may have been executed, may be executed later, or never.
//
// # What is not judged
//
// Time: expiry of messages and queues, rates and limits of connections, and how long
// answers take, which the driver watches. What the operator of a relay does: blocking. The
// sessions of client services. Commands in forwarded transmissions that were changed on
// their way. Connections that do not read, and those after a block that nobody can read.
package model
