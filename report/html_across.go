package report

import (
	"fmt"
	"math"

	"likely/eval"
	"likely/results"
)

// across sets several runs side by side.
type across struct {
	Runs  []acrossRun
	Rows  []acrossRow
	Pairs []pairRow
	// Notes say why runs, or some of them, are not compared.
	Notes []string
}

type acrossRun struct {
	Name, Data, Fingerprint, ID string
	Warnings                    int
}

type acrossRow struct {
	Run string
	tableRow
}

// newAcross compares the models of several runs. Differences are taken row by row, and
// only where the rows are the same ones by their fingerprint.
func newAcross(runs []*Run) *across {
	a := new(across)
	for i, run := range runs {
		one := acrossRun{Name: run.Name, Data: dataLine(run.Results), Fingerprint: "not recorded", ID: fmt.Sprintf("run%d", i+1), Warnings: len(run.Results.Warnings)}
		if run.Record != nil {
			one.Fingerprint = run.Record.Rows.Fingerprint[:min(12, len(run.Record.Rows.Fingerprint))]
		}
		a.Runs = append(a.Runs, one)
		for _, row := range tableRows(run.Results) {
			a.Rows = append(a.Rows, acrossRow{run.Name, row})
		}
	}
	var pairs []results.Pair
	for i, x := range runs {
		for _, y := range runs[i+1:] {
			found, why := pairsAcross(x, y)
			if why != "" {
				a.Notes = append(a.Notes, fmt.Sprintf("%s and %s are not compared: %s.", x.Name, y.Name, why))
			}
			pairs = append(pairs, found...)
		}
	}
	a.Pairs = pairRows(&results.Results{Pairs: pairs})
	return a
}

// pairsAcross compares every model of one run with every one of another, or says why
// that cannot be done.
func pairsAcross(x, y *Run) (list []results.Pair, why string) {
	switch {
	case x.Record == nil || y.Record == nil:
		return nil, "without " + RecordName + " nothing is known of their rows"
	case x.Record.Rows.Fingerprint != y.Record.Rows.Fingerprint:
		return nil, "their rows are not the same ones, and log p of other rows, or in other units, is another question"
	case x.Results.Reported() != "test":
		return nil, "no rows were held out"
	}
	dependent := [2]map[string]bool{dependentModels(x.Results), dependentModels(y.Results)}
	for _, a := range x.Record.Rows.Models {
		for _, b := range y.Record.Rows.Models {
			if dependent[0][a.Name] || dependent[1][b.Name] {
				continue // a number that depends on a scale that the data do not resolve
			}
			diff, err := eval.Compare(x.Record.Rows.result(a), y.Record.Rows.result(b))
			if err != nil || results.Optional(diff.Mean) == nil {
				continue // another number of rows or weights, or a row of density 0
			}
			p := results.Pair{A: x.Name + " " + a.Name, B: y.Name + " " + b.Name, Diff: diff.Mean, SE: results.Optional(diff.StdErr()), Rows: diff.Rows,
				Groups: distinct(x.Record.Rows.Groups), Needed: results.Optional(diff.Needed()), Freedom: results.Optional(diff.DegreesOfFreedom())}
			if diff.Significant() {
				if p.Better = p.A; math.Signbit(diff.Mean) {
					p.Better = p.B
				}
			}
			list = append(list, p)
		}
	}
	return list, ""
}

// result returns log p of a model as it was found.
func (r *Rows) result(m RowModel) *eval.Result {
	return &eval.Result{LogProb: floats(m.LogProb), StdErr: floats(m.SE), Weights: r.Weights, Groups: r.Groups, Kind: m.Kind, Measure: r.Measure, Samples: m.Samples}
}
