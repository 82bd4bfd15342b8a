package em

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// coins is EM for a mixture of normals of variance 1 on a line: small, with all that a
// run has.
type coins struct {
	x, weight []float64
	k         int
	resp      []float64
	mean      []float64
	share     []float64
	path      Path
	doubt     int
	fails     int // from which step on
	forgotten int
}

func newCoins(k, n int, seed uint64) *coins {
	random := rand.New(rand.NewPCG(seed, 1))
	c := &coins{k: k, resp: make([]float64, n*k), mean: make([]float64, k), share: make([]float64, k), fails: math.MaxInt}
	for i := range n {
		c.x = append(c.x, random.NormFloat64()+2*float64(i%2))
		c.weight = append(c.weight, 0.5+float64(i%3))
	}
	c.scatter(seed)
	return c
}

// scatter draws responsibilities.
func (c *coins) scatter(seed uint64) {
	random := rand.New(rand.NewPCG(seed, 2))
	for i, w := range c.weight {
		var sum float64
		row := c.resp[i*c.k : (i+1)*c.k]
		for q := range row {
			row[q] = random.ExpFloat64()
			sum += row[q]
		}
		for q := range row {
			row[q] *= w / sum
		}
	}
}

var errStep = errors.New("no step")

func (c *coins) Step(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if c.path.Steps >= c.fails {
		return errStep
	}
	count, mean := make([]float64, c.k), make([]float64, c.k)
	var total, value float64
	for i, x := range c.x {
		for q := range c.k {
			count[q] += c.resp[i*c.k+q]
			mean[q] += c.resp[i*c.k+q] * x
		}
	}
	for q := range count {
		mean[q] /= count[q]
		total += count[q]
	}
	c.mean, c.share = mean, count
	for i, x := range c.x {
		row := c.resp[i*c.k : (i+1)*c.k]
		var sum float64
		for q := range row {
			row[q] = count[q] / total * math.Exp(-0.5*(x-mean[q])*(x-mean[q]))
			sum += row[q]
		}
		for q := range row {
			row[q] *= c.weight[i] / sum
		}
		value += c.weight[i] * math.Log(sum) / total
	}
	c.path.Add(value, 0, 1e-10)
	return nil
}

func (c *coins) Path() *Path        { return &c.path }
func (c *coins) Objective() float64 { return c.path.Last() }
func (c *coins) Responsibilities() Responsibilities {
	return Responsibilities{N: len(c.x), K: c.k, R: c.resp, Weight: c.weight}
}
func (c *coins) Hold() func() {
	mean, share := c.mean, c.share
	return func() { c.mean, c.share = mean, share }
}
func (c *coins) Forget()    { c.forgotten++ }
func (c *coins) Doubt() int { return c.doubt }

var plan = Settings{Starts: 3, Iterations: 100000, Tolerance: 1e-10, Rows: 300}

func near(t *testing.T, want, got, tolerance float64) {
	t.Helper()
	require.False(t, math.IsNaN(got))
	require.InDelta(t, want, got, tolerance)
}

// A step downwards is never convergence, however large the tolerance.
func TestFallingIsNotConvergence(t *testing.T) {
	p := &Path{Values: []float64{-3, -2}}
	p.Add(-2.5, 0, 1e9)
	require.False(t, p.Converged)
	require.True(t, p.Fell)
	p = &Path{Values: []float64{-3, -2}}
	p.Add(-2.5, 0.6, 1e9)
	require.False(t, p.Fell)
	p = &Path{Values: []float64{-3, -2}}
	p.Add(-1.9, 0, 1e-3) // 0.1·0.1/0.9 is still to come
	require.False(t, p.Converged)
	p = &Path{Values: []float64{-3, -2}}
	p.Add(-1.9, 0, 0.02)
	require.True(t, p.Converged)
	p = &Path{Values: []float64{-3, -2}}
	p.Add(-2, 0, 1e-9)
	require.True(t, p.Converged)
}

// For a path that goes to its limit geometrically the rest is what is left.
func TestRestIsWhatIsLeft(t *testing.T) {
	for _, rate := range []float64{0.1, 0.5, 0.99} {
		p := new(Path)
		for i := range 5 {
			p.Add(-math.Pow(rate, float64(i)), 0, 1e-300)
		}
		near(t, math.Pow(rate, 4), p.Rest(), 1e-12)
	}
	require.True(t, math.IsInf((&Path{Values: []float64{-3, -2}}).Rest(), 1))
	require.True(t, math.IsInf((&Path{Values: []float64{-3, -2, 0}}).Rest(), 1))
	// After a leap nothing is predicted from its gain, and no less than the slowest
	// rate seen says.
	require.True(t, math.IsInf((&Path{Values: []float64{-3, -2, -1.5, -1.49}, leapt: 2}).Rest(), 1))
	near(t, 3.5, (&Path{Values: []float64{-3, -2, -1.5}, slow: 7}).Rest(), 1e-12)
	require.True(t, math.IsInf(new(Path).Last(), -1))
}

// What is left to gain is never negative, whatever the path: with two falls of which
// the second is smaller it once was, and the best start waited for itself for ever.
func TestRestIsNotNegative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &Path{Values: rapid.SliceOfN(rapid.Float64Range(-3, 3), 0, 6).Draw(t, "values"), slow: rapid.Float64Range(0, 20).Draw(t, "slow")}
		require.GreaterOrEqual(t, p.Rest(), 0.0)
	})
	require.Equal(t, math.Inf(1), (&Path{Values: []float64{-1, -1.5, -1.6}}).Rest())
}

// The best start converges though its last two steps fell, the second by less.
func TestFallingStartEnds(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s := plan
	s.Starts, s.Iterations = 1, 30
	o, err := Best(ctx, s, func(int) (*coins, error) {
		c := newCoins(2, 300, 1)
		c.path = Path{Values: []float64{-1, -1.5, -1.6}, Fell: true}
		return c, nil
	})
	require.NoError(t, err)
	require.True(t, ended(o.Runs[0], s))
}

// With leaps EM ends where it would have ended, in a fraction of the steps, and never
// falls.
func TestLeapsEndWhereEMDoes(t *testing.T) {
	plainSteps, steps := 0, 0
	for seed := range uint64(10) {
		plain, leaps := newCoins(2, 300, seed), newCoins(2, 300, seed)
		s := plan
		require.NoError(t, climb(t.Context(), leaps, s, 0, 0))
		s.Plain = true
		require.NoError(t, climb(t.Context(), plain, s, 0, 0))
		require.True(t, leaps.path.Converged)
		near(t, plain.Objective(), leaps.Objective(), 1e-9)
		for i := 1; i < len(leaps.path.Values); i++ {
			require.GreaterOrEqual(t, leaps.path.Values[i], leaps.path.Values[i-1]-1e-13)
		}
		for i, w := range leaps.weight {
			near(t, w, leaps.resp[2*i]+leaps.resp[2*i+1], 1e-12)
		}
		plainSteps += plain.path.Steps
		steps += leaps.path.Steps
	}
	require.Less(t, 2*steps, plainSteps)
}

// A leap that goes too far is taken back, to the last bit.
func TestLeapsAreTakenBack(t *testing.T) {
	for _, fails := range []int{math.MaxInt, 61} { // also one after which there is no step
		c := newCoins(2, 300, 1)
		l := &leaper{before: make([]float64, 600), first: make([]float64, 600), longest: math.Inf(1)}
		for range 60 {
			require.NoError(t, c.Step(t.Context()))
		}
		copy(l.first, c.resp)
		require.NoError(t, c.Step(t.Context()))
		for i := range l.first { // so that a is a million
			l.before[i] = l.first[i] - (c.resp[i]-l.first[i])*(1+1e-6)
		}
		second := append([]float64{}, c.resp...)
		mean, values := c.mean, append([]float64{}, c.path.Values...)
		c.fails = fails
		require.NoError(t, l.leap(t.Context(), c))
		require.True(t, slices.Equal(second, c.resp))
		require.Equal(t, mean, c.mean)
		require.Equal(t, values, c.path.Values)
		require.False(t, c.path.Converged)
		require.Equal(t, 2, c.forgotten)
	}
}

// Where two steps shrink fast, a leap is hardly longer than a step, and is not made.
func TestShortLeapsAreNotMade(t *testing.T) {
	c := newCoins(2, 300, 1)
	l := &leaper{before: make([]float64, 600), first: make([]float64, 600), longest: math.Inf(1)}
	for range 10 {
		require.NoError(t, c.Step(t.Context()))
	}
	copy(l.first, c.resp)
	require.NoError(t, c.Step(t.Context()))
	for i := range l.first { // so that a is 1.25
		l.before[i] = l.first[i] - 5*(c.resp[i]-l.first[i])
	}
	second, steps := slices.Clone(c.resp), c.path.Steps
	near(t, 1.25, l.length(c.Responsibilities()), 1e-9)
	require.NoError(t, l.leap(t.Context(), c))
	require.Equal(t, steps, c.path.Steps)
	require.Equal(t, second, c.resp)
}

// The best start alone converges; one in doubt is kept only if all are; one that fails is
// passed over.
func TestBest(t *testing.T) {
	begin := func(prepare func(i int, c *coins)) func(int) (*coins, error) {
		return func(i int) (*coins, error) {
			c := newCoins(3, 300, 1)
			c.scatter(uint64(i))
			prepare(i, c)
			return c, nil
		}
	}
	o, err := Best(t.Context(), plan, begin(func(int, *coins) {}))
	require.NoError(t, err)
	total := 0
	for i, r := range o.Runs {
		require.NoError(t, o.Errs[i])
		require.LessOrEqual(t, r.Objective(), o.Runs[o.Kept].Objective())
		require.Equal(t, i == o.Kept, r.path.Converged)
		total += r.path.Steps - 1
	}
	require.Equal(t, total, o.Iterations())
	first := o.Kept
	o, err = Best(t.Context(), plan, begin(func(i int, c *coins) {
		if i == first {
			c.doubt = 1
		}
	}))
	require.NoError(t, err)
	require.NotEqual(t, first, o.Kept)
	o, err = Best(t.Context(), plan, begin(func(i int, c *coins) {
		if i == first {
			c.fails = 2
		}
	}))
	require.NoError(t, err)
	require.NotEqual(t, first, o.Kept)
	require.ErrorIs(t, o.Errs[first], errStep)
	o, err = Best(t.Context(), plan, begin(func(_ int, c *coins) { c.fails = 1 }))
	require.NoError(t, err)
	require.Equal(t, -1, o.Kept)
	s := plan
	s.Starts, s.Iterations = 1, 3
	calls := 0
	s.Progress = func(start, iteration int) { calls++ }
	o, err = Best(t.Context(), s, begin(func(int, *coins) {}))
	require.NoError(t, err)
	require.Len(t, o.Runs[0].path.Values, 4)
	require.Equal(t, 4, calls)
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Best(stopped, plan, begin(func(int, *coins) {}))
	require.ErrorIs(t, err, context.Canceled)
}

// Components that share rows are merged, the one with the most gain is split.
func TestMoves(t *testing.T) {
	r := Responsibilities{N: 4, K: 4, R: []float64{
		.5, .5, 0, 0,
		.4, .6, 0, 0,
		0, 0, 1, 0,
		0, 0, 0, 1,
	}}
	moves := Moves(r, []float64{0, 0, 0, 0.5})
	require.Equal(t, [3]int{1, 0, 3}, [3]int{moves[0].A, moves[0].B, moves[0].C})
	require.LessOrEqual(t, len(moves), moveCandidates)
	next := Responsibilities{N: 4, K: 4, R: make([]float64, 16)}
	moves[0].Apply(next, r, func(i int) bool { return i == 3 })
	require.Equal(t, []float64{0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0}, next.R)
	require.Empty(t, Moves(Responsibilities{N: 1, K: 2, R: []float64{0, 1}}, []float64{0, 0}))
}

// Moves leave an optimum that EM does not, and are kept only if they are no more doubtful.
func TestImprove(t *testing.T) {
	poor := func() *coins {
		c := newCoins(3, 300, 1)
		for i := range c.x { // three far clusters, two of them in one component
			c.x[i] = c.x[i]/4 + 20*float64(i%3)
			row := c.resp[3*i : 3*i+3]
			clear(row)
			switch i % 3 {
			case 0:
				row[(i/3)%2] = c.weight[i]
			default:
				row[2] = c.weight[i]
			}
		}
		require.NoError(t, climb(t.Context(), c, plan, 0, 0))
		return c
	}
	stuck := poor()
	s := plan
	s.Rounds = 2
	for _, doubt := range []int{0, 1} {
		best, iterations, err := Improve(t.Context(), stuck, s, func(c *coins) []Move {
			return Moves(c.Responsibilities(), []float64{0, 0, 1})
		}, func(c *coins, m Move) (*coins, error) {
			next := poor()
			next.path, next.doubt = Path{}, doubt
			m.Apply(next.Responsibilities(), c.Responsibilities(), func(i int) bool { return c.x[i] > 30 })
			return next, nil
		})
		require.NoError(t, err)
		require.Positive(t, iterations)
		if doubt == 0 {
			require.Greater(t, best.Objective(), stuck.Objective()+1)
		} else {
			require.Same(t, stuck, best)
		}
	}
}
