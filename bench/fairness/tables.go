package main

import (
	"fmt"
	"slices"
	"strings"

	"likely/compare"
	"likely/gmm"
	"likely/gmm/selection"
	"likely/vae"
)

// table is a table of the grid.
type table struct {
	name string
	// file is in the folder of the command, and test too; "": the table is known by its
	// name.
	file, test string
	size       string // rows × columns, for the reader
	drop       []string
	// exact is the kind beside the networks: gmm or lcm.
	exact string
	// evalRows limits the rows that judge, and starts those of each mixture; 0: as the
	// run has them.
	evalRows, starts int
	// The grid of sizes.
	components []int
	families   []gmm.Covariance
	codes      []int
	hidden     [][]int
	rates      []float64
}

// smallFamilies are the families of covariances where columns are few.
var smallFamilies = []gmm.Covariance{gmm.Spherical, gmm.Diagonal, gmm.Tied, gmm.Full}

func wider(factors ...int) []gmm.Covariance {
	list := []gmm.Covariance{gmm.Diagonal, gmm.Tied, gmm.Full}
	for _, l := range factors {
		list = append(list, gmm.FactorAnalyzers(l))
	}
	return list
}

// tables are those of the grid, from the quickest. The grids of the last three are coarse.
func tables() []table {
	linear, small, wide := []int{}, []int{50, 50}, []int{200, 200}
	return []table{
		{name: "iris", size: "150 × 4", exact: "gmm", components: []int{1, 2, 3, 4, 5, 6, 8}, families: smallFamilies,
			codes: []int{1, 2, 4}, hidden: [][]int{linear, {20, 20}, small}, rates: []float64{1e-3}},
		{name: "faithful", size: "272 × 2", exact: "gmm", components: []int{1, 2, 3, 4, 5, 6, 8}, families: smallFamilies,
			codes: []int{1, 2}, hidden: [][]int{linear, {20, 20}, small}, rates: []float64{1e-3}},
		{name: "red_wine", file: "red_wine.csv", drop: []string{"Quality"}, size: "1599 × 11", exact: "gmm", components: []int{1, 2, 3, 4, 6, 8, 12, 16}, families: wider(2),
			codes: []int{2, 4, 8}, hidden: [][]int{linear, small, wide}, rates: []float64{1e-3}},
		{name: "digits", size: "1797 × 64", exact: "gmm", components: []int{1, 3, 6, 10, 16, 24, 32}, families: wider(2, 8), starts: 3,
			codes: []int{4, 8, 16}, hidden: [][]int{small, wide, {400, 400}}, rates: []float64{1e-3}},
		{name: "nltcs", file: "nltcs.train.csv.gz", test: "nltcs.test.csv.gz", size: "19,417 × 16", exact: "lcm", evalRows: 1000, starts: 3, components: []int{2, 4, 8, 12, 16, 24, 32},
			codes: []int{1, 2, 4, 8}, hidden: [][]int{wide}, rates: []float64{1e-3}},
		{name: "satellite", file: "30_satellite.npz", size: "6435 × 36", exact: "gmm", evalRows: 1000, starts: 2, components: []int{1, 4, 8, 16, 32}, families: wider(8),
			codes: []int{4, 8, 16}, hidden: [][]int{wide, {400, 400}}, rates: []float64{1e-3}},
		{name: "pendigits", file: "28_pendigits.npz", size: "6870 × 16", exact: "gmm", evalRows: 1000, starts: 2, components: []int{1, 8, 16, 32, 64}, families: []gmm.Covariance{gmm.Full, gmm.FactorAnalyzers(2)},
			codes: []int{4, 8}, hidden: [][]int{wide, {400, 400}}, rates: []float64{1e-3}},
		{name: "mnist", size: "70,000 × 784", exact: "gmm", evalRows: 300, starts: 1, components: []int{10, 30}, families: []gmm.Covariance{gmm.FactorAnalyzers(8), gmm.FactorAnalyzers(32)},
			codes: []int{16, 32}, hidden: [][]int{wide}, rates: []float64{1e-3}},
	}
}

func tableNames() []string {
	var names []string
	for _, t := range tables() {
		names = append(names, t.name)
	}
	return names
}

// tablesOf returns the tables of a list of names.
func tablesOf(list string) ([]table, error) {
	var out []table
	for name := range strings.SplitSeq(list, ",") {
		all := tables()
		i := slices.IndexFunc(all, func(t table) bool { return t.name == name })
		if i < 0 {
			return nil, fmt.Errorf("--tables %q: want some of %s", name, strings.Join(tableNames(), ","))
		}
		out = append(out, all[i])
	}
	return out, nil
}

// candidate is one size of a family.
type candidate struct {
	name string
	set  func(c *compare.Settings)
}

// exacts returns the mixtures of the grid.
func (t table) exacts() []candidate {
	var list []candidate
	if t.exact == "lcm" {
		for _, k := range t.components {
			list = append(list, candidate{fmt.Sprintf("%d classes", k), func(c *compare.Settings) {
				c.Classes = compare.Given(compare.Range{From: k, To: k})
				c.LCM.Starts = t.starts
			}})
		}
		return list
	}
	for _, family := range t.families {
		for _, k := range t.components {
			if k == 1 && family == gmm.Tied {
				continue // that is full
			}
			list = append(list, candidate{fmt.Sprintf("%d %v", k, family), func(c *compare.Settings) {
				c.Components = compare.Given(compare.Range{From: k, To: k})
				c.Families = compare.Given(selection.Families{family})
				if t.starts > 0 {
					c.GMM.Starts, c.GMM.SplitMerge = t.starts, -1
				}
			}})
		}
	}
	return list
}

// networks returns the networks of the grid.
func (t table) networks() []candidate {
	sigmas := []vae.Sigma{vae.Network, vae.PerDim}
	if t.exact == "lcm" {
		sigmas = sigmas[:1] // bits have no σ
	}
	var list []candidate
	for _, latent := range t.codes {
		for _, hidden := range t.hidden {
			for _, sigma := range sigmas {
				for _, rate := range t.rates {
					name := fmt.Sprintf("code of %d, hidden %v, σ %v, rate %g", latent, hidden, sigma, rate)
					list = append(list, candidate{name, func(c *compare.Settings) {
						c.VAE.Latent, c.VAE.Hidden, c.VAE.Rate = latent, hidden, rate
						if t.exact != "lcm" {
							c.Sigma = compare.Given(sigma)
						}
					}})
				}
			}
		}
	}
	return list
}
