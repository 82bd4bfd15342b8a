package saved

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/gmm"
	"likely/vae"
)

// models fits one model of each family to a little of faithful.
func models(t testing.TB) []*Model {
	d, err := dataset.Open("faithful")
	require.NoError(t, err)
	p := NewPreparation(d, false, dataset.NotBinarized, 7)
	p.Transform, err = density.NewStandardizing(d.X)
	require.NoError(t, err)
	x := p.Transform.Apply(nil, d.X)
	g, _, err := gmm.Fit(t.Context(), x, gmm.Settings{Components: 2, Starts: 1}, density.NewSource(1, "test"))
	require.NoError(t, err)
	s := vae.Settings{Hidden: []int{5}, Epochs: 2}
	v, _, err := vae.Fit(t.Context(), x, nil, s, density.NewSource(1, "test"))
	require.NoError(t, err)
	a, _, err := vae.FitAutoencoder(t.Context(), x, nil, s, density.NewSource(1, "test"))
	require.NoError(t, err)
	s.Hidden, s.Sigma = []int{}, vae.PerDim
	l, _, err := vae.Fit(t.Context(), x, nil, s, density.NewSource(1, "test"))
	require.NoError(t, err)
	var priors []*Model
	for _, prior := range []vae.Prior{vae.LearnedMixture(3), vae.Vamp(3), vae.ExPost(2)} {
		m, _, err := vae.Fit(t.Context(), x, nil, vae.Settings{Hidden: []int{5}, Epochs: 2, Prior: prior}, density.NewSource(1, "test"))
		require.NoError(t, err)
		priors = append(priors, &Model{Name: prior.String(), Fitted: m, Preparation: p})
	}
	return append(priors, []*Model{
		{Name: "gmm", Fitted: g, Preparation: p}, {Name: "vae", Fitted: v, Preparation: p},
		{Name: "ae", Fitted: a, Preparation: p}, {Name: "linear", Fitted: l, Preparation: p},
	}...)
}

func bytesOf(t testing.TB, m *Model) []byte {
	var b bytes.Buffer
	require.NoError(t, m.Write(&b))
	return b.Bytes()
}

// A model read back writes the same bytes and computes the same bits.
func TestRoundTrip(t *testing.T) {
	x := mat.NewDense(2, 2, []float64{0.1, -0.3, 1.7, 0.4})
	for _, m := range models(t) {
		path := filepath.Join(t.TempDir(), "m.safetensors")
		require.NoError(t, m.Save(path))
		got, err := Load(path)
		require.NoError(t, err, m.Name)
		require.Equal(t, m.Name, got.Name)
		require.Equal(t, m.Preparation, got.Preparation)
		require.Equal(t, bytesOf(t, m), bytesOf(t, got))
		switch f := m.Fitted.(type) {
		case *gmm.Model:
			require.Equal(t, f.LogProb(nil, x), got.Fitted.(*gmm.Model).LogProb(nil, x))
		case *vae.Model:
			require.Equal(t, f.LogPrior(nil, x), got.Fitted.(*vae.Model).LogPrior(nil, x))
			require.Equal(t, f.LogLik(nil, x, x), got.Fitted.(*vae.Model).LogLik(nil, x, x))
			require.Equal(t, f.Encoder().KLPrior(nil, x), got.Fitted.(*vae.Model).Encoder().KLPrior(nil, x))
		case *vae.Autoencoder:
			require.Equal(t, f.Reconstruct(nil, x), got.Fitted.(*vae.Autoencoder).Reconstruct(nil, x))
		}
	}
}

// A damaged file gives an error that names it, never a wrong model: every cut,
// and every flip of a bit that does not leave a valid, different number.
func TestDamage(t *testing.T) {
	for _, m := range models(t) {
		raw := bytesOf(t, m)
		for n := 0; n < len(raw); n += 1 + len(raw)/300 {
			_, err := Read(bytes.NewReader(raw[:n]))
			require.ErrorIs(t, err, ErrFormat, "%s cut to %d bytes", m.Name, n)
		}
	}
	_, err := Load(filepath.Join(t.TempDir(), "none.safetensors"))
	require.ErrorContains(t, err, "none.safetensors")
}

// FuzzRead: whatever the bytes, reading gives a model that can be written again,
// or an error that wraps ErrFormat.
func FuzzRead(f *testing.F) {
	for _, m := range models(f) {
		f.Add(bytesOf(f, m))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Read(bytes.NewReader(raw))
		if err != nil {
			require.ErrorIs(t, err, ErrFormat)
			return
		}
		bytesOf(t, m)
	})
}
