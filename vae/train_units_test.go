package vae

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/internal/nn"
)

// Units that were made to die are counted, and no others; a remedy is named.
func TestIdleUnits(t *testing.T) {
	x := normals(300, 3, 1)
	for _, c := range []struct {
		activation Activation
		bias       float64 // which makes a unit idle
		says       string
	}{{ReLU, -1e3, "Activation elu"}, {Tanh, 1e3, "smaller Settings.Rate"}, {GELU, -1e3, "Norm layer"}} {
		config := Config{Dim: 3, Latent: 2, Hidden: []int{20, 10}, Activation: c.activation}
		n := newNetwork[float64](config)
		// Units of ReLU may be idle from the start: take a start without.
		var theta []float64
		for seed := uint64(1); ; seed++ {
			require.Less(t, seed, uint64(50), c.activation)
			theta = n.start(source(seed))
			if !slices.ContainsFunc(n.idleUnits(theta, x, 1), func(l IdleUnits) bool { return l.Idle > 0 }) {
				break
			}
		}
		for i, layer := range []*nn.Dense[float64]{&n.encoder.Layers[1], &n.decoder.Layers[1]} {
			for unit := range 3 + i {
				theta[layer.Bias.From+2*unit] = c.bias
			}
		}
		report := &Report{Idle: n.idleUnits(theta, x, 1)}
		require.Equal(t, []IdleUnits{{"encoder.0", 0, 20}, {"encoder.1", 3, 10}, {"decoder.0", 0, 10}, {"decoder.1", 4, 20}}, report.Idle)
		report.warnIdle(&config)
		require.Len(t, report.Warnings, 2)
		require.Contains(t, report.Warnings[0].String(), "3 of 10 units of encoder.1")
		require.Contains(t, report.Warnings[1].String(), c.says)
	}
}

// Of a network of very many layers the first are named, and the others counted.
func TestManyIdleLayers(t *testing.T) {
	report := &Report{}
	for i := range 500 {
		report.Idle = append(report.Idle, IdleUnits{fmt.Sprintf("encoder.%d", i), 4, 4})
	}
	report.warnIdle(&Config{})
	require.Len(t, report.Warnings, mostIdleWarnings+1)
	require.Contains(t, report.Warnings[mostIdleWarnings].String(), "units of 496 more layers")
}

// A learning rate that kills ReLU units is found out at the end of the training.
func TestDyingUnitsAreReported(t *testing.T) {
	s := Settings{Hidden: []int{30}, Activation: ReLU, Epochs: 20, Optimizer: SGD, Rate: 30, Clip: 5, Schedule: Constant, Sigma: Fixed(1)}
	_, report, err := Fit(context.Background(), normals(200, 3, 2), nil, s, source(3))
	require.NoError(t, err)
	require.Len(t, report.Idle, 2)
	require.Contains(t, report.Warnings[0].Text+report.Warnings[len(report.Warnings)-1].Text, "give the same value for every row")
	s.Optimizer, s.Rate, s.Clip = Adam, 1e-3, 0
	_, report, err = Fit(context.Background(), normals(200, 3, 2), nil, s, source(3))
	require.NoError(t, err)
	for _, w := range report.Warnings {
		require.NotContains(t, w.Text, "the same value")
	}
}
