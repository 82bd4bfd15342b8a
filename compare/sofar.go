package compare

import "likely/results"

// soFar takes back wins over models that more work may make better: what is said of such
// a difference is who is ahead so far.
func soFar(r *results.Results) {
	improving := make(map[string]bool)
	for _, m := range r.Models {
		improving[m.Name] = m.Improving() != ""
	}
	for i := range r.Pairs {
		p := &r.Pairs[i]
		loser := p.A
		if p.Better == p.A {
			loser = p.B
		}
		if p.Better != "" && improving[loser] {
			p.SoFar, p.Better = p.Better, ""
		}
	}
}
