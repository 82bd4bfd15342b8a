// Package tree fits the tree of Chow & Liu (1968) to discrete columns,
//
//	p(x) = p(x_root) Πⱼ p(xⱼ | x_parent(j))
//
// in which each column depends on one other column. Binary columns are the usual
// case; a column may have any number of values 0, 1, …, L−1.
//
// Of all trees, the one with the largest sum of mutual information over its edges has
// the highest likelihood, and a maximum spanning tree finds it: nothing is searched,
// nothing can go wrong, and log p(x) is exact. So is the sum over missing values, which
// is a pass of messages up the tree. It is the ruler beside which a latent class model
// or a VAE of binary data is held.
//
// # Counts
//
// A probability of zero makes one unseen pair of values cost infinitely many nats.
// [Settings].Count therefore adds rows that nobody has seen, spread evenly over all
// values: one count for each of the four cells of a pair of binary columns. Because all
// tables come from the same added rows, the tree is the exact maximum for rows and
// added rows together, and does not depend on which column is the root.
package tree
