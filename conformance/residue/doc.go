// Package residue looks for bytes in what a process keeps: in its memory, in the files
// that it has open, and in a folder. It serves to see what a relay has of a message that
// it should have forgotten.
//
// Memory and open files are read from /proc, so on Linux only, and only of processes whose
// memory the kernel lets the caller read: those of the same user that are dumpable. What is
// found is no proof that a program can still reach it; what is not found is no proof either
// that it is gone, since a program can keep it in another form.
package residue
