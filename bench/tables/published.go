package main

// figure is a published mean log p of test rows, in nats a row.
type figure struct {
	data   string
	model  string // ours that it is to be held against; "": none
	name   string // what the paper calls it
	value  float64
	source string
}

// recalled marks a figure that was taken from memory of the paper and not read again.
const recalled = ", recalled"

const (
	uria       = "Uria et al. 2013"
	ours       = "another program of ours, the same files and counts"
	learnSPN   = "Gens & Domingos 2013" + recalled
	idSPN      = "Rooshenas & Lowd 2014" + recalled
	einet      = "Peharz et al. 2020" + recalled
	larochelle = "Larochelle & Murray 2011" + recalled
	germain    = "Germain et al. 2015" + recalled
)

// published returns the figures of a table.
func published(table string) []figure {
	if table == "rnade" {
		return []figure{
			{"red_wine", "gaussian", "Gaussian", -13.18, uria}, {"parkinsons", "gaussian", "Gaussian", -10.85, uria},
			{"red_wine", "factors", "MFA", -10.19, uria}, {"parkinsons", "factors", "MFA", -1.99, uria},
			{"red_wine", "", "RNADE-MoG", -9.36, uria + recalled}, {"parkinsons", "", "RNADE-MoG", -0.90, uria + recalled},
		}
	}
	var out []figure
	for _, f := range []struct {
		data                                       string
		independent, tree, learned, direct, einets float64
	}{
		{"nltcs", -9.2336, -6.7590, -6.11, -6.02, -6.015},
		{"plants", -31.2662, -16.5240, -12.98, -12.54, -13.676},
		{"jester", -63.8831, -58.2265, -53.48, -52.86, -52.563},
		{"dna", -100.3859, -87.7348, -82.52, -81.21, -96.086},
	} {
		out = append(out,
			figure{f.data, "independent", "independent", f.independent, ours}, figure{f.data, "tree", "Chow-Liu", f.tree, ours},
			figure{f.data, "", "LearnSPN", f.learned, learnSPN}, figure{f.data, "", "ID-SPN", f.direct, idSPN}, figure{f.data, "", "EiNet", f.einets, einet})
	}
	return append(out,
		figure{"dna", "lcm", "mixture of Bernoullis", -98.19, larochelle}, figure{"dna", "", "RBM", -96.74, larochelle},
		figure{"dna", "", "NADE", -84.81, larochelle}, figure{"dna", "made", "MADE", -79.66, germain})
}
