// Package spec holds the requirements of the SimpleX Messaging Protocol and the
// security claims made for it, as data: one record for each rule that a check can
// find kept or broken.
//
// The records are YAML lists in the files of this folder, one file for each topic. An
// id is mnemonic, never positional, and never used again once it has been published.
// A rule that only the official implementation follows has the level "observed", and
// its notes say what the documents leave open.
package spec

//go:generate go run ./gen/catalogue -to CATALOGUE.md
