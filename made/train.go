package made

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/nn"
)

// trainer trains one network.
type trainer struct {
	*network
	s        Settings
	x, valid *mat.Dense // in model space
	jacobian float64
	in, out  []int
	tape     *nn.Tape[float64]
	grad     []float64
	pieces   []nn.Piece
	adam     *nn.Adam[float64]

	history []Epoch
	kept    []float64 // the best weights
	best    int       // epochs after which they were
	ended   bool
}

func newTrainer(n *network, s Settings, x, valid *mat.Dense, jacobian float64) *trainer {
	t := &trainer{network: n, s: s, x: x, valid: valid, jacobian: jacobian, tape: n.mlp.NewTape(max(s.Batch, blockRows), false)}
	t.in, t.out = places(s.Columns, s.Components)
	t.grad, t.kept, t.pieces = make([]float64, len(n.theta)), make([]float64, len(n.theta)), n.mlp.Pieces()
	t.restart()
	return t
}

func (t *trainer) restart() {
	t.adam = nn.NewAdam[float64](len(t.theta))
	t.adam.Decay = t.s.Decay
}

// run trains to the end and leaves the best weights in the network.
func (t *trainer) run(ctx context.Context, number int, seed uint64) error {
	n, _ := t.x.Dims()
	copy(t.kept, t.theta)
	rate, top, falls := t.s.Rate, math.Inf(-1), 0
	last := 0 // epoch of the last gain, or of the last fall of the rate
	for epoch := 1; epoch <= t.s.Epochs && !t.ended; epoch++ {
		rows := rand.New(density.NewSource(seed, "made.rows", uint64(number), uint64(epoch))).Perm(n)
		var sum float64
		for from := 0; from < n; from += t.s.Batch {
			if err := ctx.Err(); err != nil {
				return err
			}
			sum += t.step(rows[from:min(from+t.s.Batch, n)], rate)
		}
		line := Epoch{Train: sum/float64(n) + t.jacobian, Valid: t.score()}
		if math.IsNaN(sum) || math.IsInf(sum, 0) {
			return fmt.Errorf("network %d, epoch %d: the mean log p is %v: %w; a smaller Settings.Rate would help", number+1, epoch, sum/float64(n), ErrDiverged)
		}
		t.history = append(t.history, line)
		if t.s.Progress != nil {
			t.s.Progress(number, epoch, line.Train, line.Valid)
		}
		if t.valid == nil || line.Valid > top {
			top, last, t.best = line.Valid, epoch, epoch
			copy(t.kept, t.theta)
		}
		if t.valid != nil && epoch-last >= t.s.Patience {
			if falls++; falls > descents {
				t.ended = true
			}
			last, rate = epoch, rate/10
			copy(t.theta, t.kept)
			t.restart()
		}
	}
	copy(t.theta, t.kept)
	return nil
}

// step makes one step from the given rows, and returns the sum of their log p before it.
func (t *trainer) step(rows []int, rate float64) float64 {
	sum := t.gradient(rows)
	t.adam.Begin(rate)
	t.adam.Apply(t.theta, t.grad, nn.Span{From: 0, Len: len(t.theta)})
	return sum
}

// gradient computes that of the mean of −log p of the given rows, with 0 where the mask
// cuts, and returns the sum of log p in model space.
func (t *trainer) gradient(rows []int) float64 {
	for i, from := range rows {
		features(t.s.Columns, t.tape.Input[i*t.mlp.In():], t.x.RawRowView(from))
	}
	t.mlp.Forward(t.theta, t.tape, 0, len(rows))
	out, grad, width := t.tape.Output(), t.tape.OutputGrad(), t.mlp.Out()
	var sum float64
	for i, from := range rows {
		sum += t.logRow(t.x.RawRowView(from), out[i*width:(i+1)*width], grad[i*width:(i+1)*width])
	}
	for i := range grad[:len(rows)*width] {
		grad[i] /= -float64(len(rows))
	}
	t.mlp.Backward(t.theta, t.tape, 0, len(rows))
	for _, p := range t.pieces {
		t.mlp.Gradient(p, t.tape, len(rows), t.grad)
	}
	t.cut(t.grad)
	return sum
}

// logRow returns ln p of a row in model space, and stores its gradient by the outputs.
func (t *trainer) logRow(row, out, grad []float64) float64 {
	var sum float64
	for j, c := range t.s.Columns {
		var g []float64
		if grad != nil {
			g = grad[t.out[j]:t.out[j+1]]
		}
		sum += c.logColumn(row[j], out[t.out[j]:t.out[j+1]], g, t.s.Floor)
	}
	return sum
}

// score returns the mean log p of the validation rows in nats of the data, NaN if there
// are none.
func (t *trainer) score() float64 {
	if t.valid == nil {
		return math.NaN()
	}
	n, _ := t.valid.Dims()
	width := t.mlp.Out()
	var sum float64
	for from := 0; from < n; from += blockRows {
		rows := min(blockRows, n-from)
		for i := range rows {
			features(t.s.Columns, t.tape.Input[i*t.mlp.In():], t.valid.RawRowView(from+i))
		}
		t.mlp.Forward(t.theta, t.tape, 0, rows)
		for i := range rows {
			sum += t.logRow(t.valid.RawRowView(from+i), t.tape.Output()[i*width:(i+1)*width], nil)
		}
	}
	return sum/float64(n) + t.jacobian
}
