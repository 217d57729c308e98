// Package session is a running profile: the agent, and what the text client does
// with it. It answers the agent's events – lets in whom an invitation was given to,
// writes history, returns receipts – and has the operations that commands offer.
//
// Whatever arrives is in the history before the agent forgets it, in the same
// transaction. What is shown to a person is taken from the history, one message
// after the other, and marked before and after; see Session.Show.
package session
