// Package book is what the text client keeps about people: contacts, their
// messages, requests of people who want to become contacts, and the addresses that
// were given away. The rows are in tables of the application in the agent's file,
// so that they change in the same transactions as the agent's own state: a message
// is in the history exactly if the agent has sent or received it.
//
// Every function works inside of a transaction that its caller has begun.
package book
