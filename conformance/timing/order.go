package timing

// Shuffler is a source of random order, such as *rand.Rand.
type Shuffler interface {
	Shuffle(n int, swap func(i, j int))
}

// Order returns the order in which to take n samples of each kind, true for Y: every
// order is equally probable.
func Order(r Shuffler, n int) []bool {
	order := make([]bool, 2*n)
	for i := range n {
		order[i] = true
	}
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	return order
}
