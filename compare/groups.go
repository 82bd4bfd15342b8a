package compare

import "likely/dataset"

// Groups: rows that belong together, such as visits of one patient, are on the same side of
// every division of the rows. Otherwise a model would be judged, or chosen, by rows whose
// like it has seen. They also count as one piece of evidence where errors are taken.

// checkGroups returns an error of usage where there are too few groups for the divisions
// that are made: one that judges, if one does, and two to fit to and to choose by.
func (c *Settings) checkGroups(rows *dataset.Dataset, folds [][]int, judged bool) error {
	if rows.Groups == nil {
		return nil
	}
	groups, need := len(dataset.Grouped(rows.Groups)), 2
	if judged || folds != nil {
		need++
	}
	if groups < need {
		return usagef("{Group=%s} has %d groups, none of which is divided, and %d are needed: one to judge by, one to choose by, one to fit to; give a column of more groups, or leave it out", c.Group, groups, need)
	}
	for f, held := range folds {
		rest := rows.Take(dataset.Except(rows.Rows(), held))
		if left := len(dataset.Grouped(rest.Groups)); left < 2 {
			return usagef("{Folds=%d} leaves %d of the %d groups of {Group=%s} without fold %d, and two are needed, to fit to and to choose by: give more folds", len(folds), left, groups, c.Group, f+1)
		}
	}
	return nil
}
