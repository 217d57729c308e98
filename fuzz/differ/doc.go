// Package differ is the differential fuzzer: it does the same to two relays and reports
// where they answer differently.
//
// Keys, ids, nonces and times are new in each run; what is compared has names in their
// place. Where the protocol leaves an answer open, all that it allows are the same
// (allowances). What two runs against one relay show differently is no difference between
// two relays either: each difference is tried again before it is reported.
package differ
