package compare

import (
	"context"
	"math"
	"slices"
	"time"

	"likely/density"
	"likely/search"
	"likely/vae"
)

// fitNetwork trains the network whose sizes were asked for, or chooses what is left to
// the data and trains that.
func (j *Job) fitNetwork(ctx context.Context, d *Data, name string, n network) (*Fit, error) {
	c := &j.Settings
	if !c.networksOpen() {
		return j.fitFixedNetwork(ctx, d, name, n)
	}
	begin := time.Now()
	p := &networkProblem{
		chooser: j.chooser(ctx, d, name, "vae"), network: n, rows: d.Train.Rows(),
		fixed: networkFixed{latent: c.VAE.Latent > 0, hidden: c.VAE.Hidden != nil, sigma: c.Sigma.Given, rate: c.VAE.Rate > 0},
	}
	found, err := chosen(ctx, p.chooser, p, networkRounds, float64(c.VAE.Epochs))
	if err != nil {
		return nil, err
	}
	defer found.Close()
	for _, t := range found.Trials {
		if t.Fit != nil && t != found.Winner() {
			t.Fit.Close() // what holds the memory of a training
		}
	}
	t, rising, err := p.complete(ctx, found)
	if err != nil {
		return nil, of("vae", err)
	}
	defer t.Close()
	var held []judged
	for i, one := range p.divisions {
		held = append(held, judged{one, found.Winner().Fit.(*networkFit).trainings[i]})
	}
	fit, err := n.finish(ctx, t, held, time.Since(begin))
	if err != nil {
		return nil, err
	}
	jacobian := d.Preparation.Transform.LogJacobian()
	fit.Search = transcript(p.chooser, found, jacobian)
	fit.Search.Improving = p.improving(found, rising)
	fit.Search.Spent = p.meter.Spent()
	p.store.remove()
	return fit, nil
}

// networksOpen says whether anything about the size of the networks is left to the data.
// What is not asked for beside all of these keeps its default.
func (c *Settings) networksOpen() bool {
	return c.VAE.Latent == 0 || c.VAE.Hidden == nil || c.VAE.Epochs == 0
}

// fitFixedNetwork trains a network of given size for given epochs.
func (j *Job) fitFixedNetwork(ctx context.Context, d *Data, name string, n network) (*Fit, error) {
	begin := time.Now()
	t, err := n.trainer(d.Train, d.Valid, n.settings(), density.NewSource(j.Settings.Seed, "comparison."+name))
	if err != nil {
		return nil, of("vae", err)
	}
	defer t.Close()
	if err := j.train(ctx, t, name, d, n.course(), nil); err != nil {
		return nil, of("vae", err)
	}
	var held []judged
	if d.Valid != nil {
		held = append(held, judged{division{d.Train, d.Valid}, t})
	}
	return n.finish(ctx, t, held, time.Since(begin))
}

// complete trains what was chosen to its end and says whether the bound was still rising
// then. Of validation rows it is the training that was compared; of folds another one
// on all training rows, for as many steps as were best in the folds.
func (p *networkProblem) complete(ctx context.Context, found *search.Found[networkSize]) (trainer, bool, error) {
	winner := found.Winner()
	fit := winner.Fit.(*networkFit)
	if p.d.Valid != nil {
		t := fit.trainings[0]
		rising, err := p.train(ctx, t, winner.Pass)
		return t, rising, err
	}
	all, steps, err := p.sized(winner.Spec).Work(p.d.Train.Rows(), p.d.Train.Dim())
	if err != nil {
		return nil, false, err
	}
	_, done := fit.Progress()
	for !done && p.meter.Left() > winner.Pass+all*float64(fit.farthest()) { // which the last training takes
		if err := fit.Continue(ctx, float64(fit.farthest()+1)); err != nil {
			return nil, false, err
		}
		p.meter.Spend(winner.Pass)
		_, done = fit.Progress()
	}
	s := p.sized(winner.Spec)
	if s.Epochs == 0 {
		if s.Epochs, err = p.epochs(fit, steps); err != nil {
			return nil, false, err
		}
	}
	t, err := p.trainer(p.d.Train, nil, s, density.NewSource(p.j.Settings.Seed, "comparison."+p.name))
	if err != nil {
		return nil, false, err
	}
	err = p.j.train(ctx, t, p.name, p.d, p.course(), nil)
	p.meter.Spend(all * float64(t.Epochs()))
	return t, !done, err
}

// train goes on with a training until it is done, or until the budget has room for no
// more than its descent.
func (p *networkProblem) train(ctx context.Context, t trainer, pass float64) (rising bool, err error) {
	from := t.Epochs()
	left := p.meter.Left() // when from epochs were made
	err = p.j.train(ctx, t, p.name, p.d, p.course(), func() {
		ahead := float64(t.Epochs() - from + vae.DescentEpochs(t.Epochs()))
		if p.meter.Timed() {
			left = p.meter.Left() + float64(t.Epochs()-from)*pass
		}
		if ahead*pass > left && !rising {
			t.Descend()
			rising = true
		}
	})
	p.meter.Spend(float64(t.Epochs()-from) * pass)
	if err != nil {
		return false, err
	}
	return rising && !t.Converged(), nil
}

// farthest returns the number of epochs of the training that is farthest.
func (f *networkFit) farthest() int {
	most := 0
	for _, t := range f.trainings {
		if !t.Done() {
			most = max(most, t.Epochs())
		}
	}
	return most
}

// epochs returns for how many epochs of so many steps to train on all rows: as many steps
// as were best before the rate went down, in the median of the folds, and a third more in
// which it does.
func (p *networkProblem) epochs(fit *networkFit, steps int) (int, error) {
	var best []float64
	for i, t := range fit.trainings {
		_, each, err := p.sized(fit.size).Work(p.divisions[i].train.Rows(), p.divisions[i].train.Dim())
		if err != nil {
			return 0, err
		}
		best = append(best, float64(steadyBest(t.History())*each))
	}
	slices.Sort(best)
	return max(int(math.Ceil(best[len(best)/2]/float64(steps)*4/3)), 4), nil
}

// steadyBest returns the epoch, from 1, of the highest bound on the rows left out while
// the rate was constant.
func steadyBest(history []vae.Epoch) int {
	best, highest := 1, math.Inf(-1)
	for i, e := range history {
		if e.LearningRate < history[0].LearningRate {
			break
		}
		if e.Valid > highest {
			best, highest = i+1, e.Valid
		}
	}
	return best
}

// improving says why more work may help, or "".
func (p *networkProblem) improving(found *search.Found[networkSize], rising bool) string {
	switch {
	case rising:
		return "its bound was still rising when the budget ended"
	case found.Exhausted:
		return "the budget ended before all sizes were tried"
	}
	return ""
}
