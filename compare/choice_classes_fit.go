package compare

import (
	"context"
	"fmt"
	"math"

	"likely/density"
	"likely/gmm"
	"likely/lcm"
)

// complete fits the number of classes that was chosen to all training rows: from as many
// cold starts as the budget has room for, and from where the choice left it. Of the two it
// takes the one under which rows left out are more likely. Where the choice was made in
// folds, there is no such fit, and cold starts it is.
func (p *classProblem) complete(ctx context.Context, from *classFit) (*lcm.Model, *lcm.Report, lcm.Settings, error) {
	j, d := p.j, p.d
	asked := j.Settings.classes(d)
	asked.Components = from.k
	asked.Progress = func(start, iteration int, _ float64) {
		j.step(fmt.Sprintf("lcm: EM with %d classes", from.k), iteration, 0, fmt.Sprintf("start %d", start+1))
	}
	cold := asked
	pass := p.pass(d.Train.Rows(), from.k)
	affordable := int(min(p.meter.Left()/(pass*classIterations), math.MaxInt32))
	wanted := cold.Starts
	if wanted == 0 {
		wanted = gmm.MostStarts
	}
	if affordable < wanted {
		cold.Starts = min(max(affordable, 1), coldStarts)
	}
	if affordable < max(cold.Starts, 1)+movesOf {
		cold.SplitMerge = -1
	}
	var best *lcm.Model
	var how *lcm.Report
	var err error
	if affordable > 0 || len(p.divisions) > 1 {
		if best, how, err = lcm.Fit(ctx, d.Train.Model, cold, density.NewSource(j.Settings.Seed, "comparison.lcm")); err != nil {
			return nil, nil, asked, err
		}
		p.meter.Spend(pass * float64(how.TotalIterations))
	}
	if len(p.divisions) > 1 {
		return best, how, asked, nil
	}
	warm := asked
	warm.From, warm.Starts, warm.SplitMerge = from.models[0], 1, -1
	m, report, err := lcm.Fit(ctx, d.Train.Model, warm, density.NewSource(j.Settings.Seed, "comparison.lcm warm"))
	if err != nil {
		return nil, nil, asked, err
	}
	p.meter.Spend(pass * float64(report.TotalIterations))
	if best == nil {
		return m, report, asked, nil
	}
	held := p.divisions[0].held
	mean := func(m *lcm.Model) float64 {
		return density.WeightedMeanEstimate(m.LogProbObserved(nil, held.Model), nil, held.Weights, density.ExactValue, 0).Value
	}
	better := mean(m) > mean(best)
	if report.FloorActive != how.FloorActive {
		better = how.FloorActive
	}
	total := report.TotalIterations + how.TotalIterations
	report.TotalIterations, how.TotalIterations = total, total
	if better {
		return m, report, asked, nil
	}
	return best, how, asked, nil
}
