// Package timing tells from measured times whether two things take the same time.
//
// Times of a relay are noisy, skewed and change while they are measured, so that means and
// variances say little. What is compared are ranks, by the test of Mann and Whitney. The
// samples of both kinds are taken in one random order (Order): whatever happens on the
// machine meanwhile then falls on both alike, and the p-value is right for every
// distribution of noise.
//
// A small p-value alone says nothing about size. A verdict (Comparison.Effect) needs three
// things: a p-value that chance does not give in the lifetime of the project, a
// probability that one kind takes longer far from one half, and medians that differ by a
// part of what a sample takes.
package timing
