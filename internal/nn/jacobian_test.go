package nn

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/internal/kernel"
)

// Row by row of the tape, the Jacobian is what the way back gives for the unit
// vectors of the output: another program of the same derivative.
func TestJacobian(t *testing.T) {
	kinds(func(act kernel.Activation, norm bool) {
		for _, widths := range [][]int{{3, 2}, {5, 4, 3}, {4, 7, 1, 6, 3}, {2, 3, 9, 8}} {
			const rows = 3
			n, theta, tape, _ := net[float64](act, norm, rows, widths...)
			n.Forward(theta, tape, 0, rows)
			jacobians, scratch := make([][]float64, rows), n.JacobianScratch()
			for r := range rows {
				jacobians[r] = make([]float64, n.In()*n.Out())
				n.Jacobian(theta, tape, r, jacobians[r], scratch)
			}
			for out := range n.Out() {
				clear(tape.OutputGrad())
				for r := range rows {
					tape.OutputGrad()[r*n.Out()+out] = 1
				}
				n.Backward(theta, tape, 0, rows)
				for r := range rows {
					for in := range n.In() {
						want := tape.InputGrad[r*n.In()+in]
						require.InDelta(t, want, jacobians[r][in*n.Out()+out], 1e-11*math.Max(1, math.Abs(want)), "%v %v", act, widths)
					}
				}
			}
		}
	})
}

// The products are those of the tangents of every input through all layers but the
// first.
func TestJacobianProducts(t *testing.T) {
	var layout Layout
	n := NewMLP[float64](&layout, []int{50, 200, 200, 784}, kernel.Tanh, false)
	jacobian, forward := n.JacobianProducts()
	require.Equal(t, 50*(200*200+200*784), jacobian)
	require.Equal(t, 50*200+200*200+200*784, forward)
}
