// Package recordstore keeps the records of a relay in one SQLite file: the
// relay.RecordStore of smprelay --store.
//
// The file has one table, with a row for each record: kind, id, and the bytes that
// package relay made, behind a checksum. It has mode 0600 and one process at a time
// can open it. A commit is on the disk when Commit returns (write-ahead log,
// synchronous=FULL). Removed rows are overwritten; the log, which can hold them
// longer, is emptied by Tidy, Open and Close. What the file system and the disk do
// with the places that the log had is out of reach.
package recordstore
