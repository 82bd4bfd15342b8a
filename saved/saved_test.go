package saved

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/gmm"
	"likely/internal/safetensors"
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

// A file whose configuration cannot be that of its model, or that leaves out
// what the number depends on, is refused with the key.
func TestConfigIsChecked(t *testing.T) {
	for _, m := range models(t) {
		f := fileOf(t, m)
		config := f.Metadata["config"]
		for _, one := range []struct{ key, value, want string }{
			{"steps", "[1]", "1 steps"},
			{"activation", "", `no key "activation"`},
			{"data_seed", "", `no key "data_seed"`},
			{"Dim", "2", `a key "Dim"`},
			{"measure", `"binary"`, "measure"},
			{"binarize", `"static"`, "binarize"},
			{"lo", "3", "levels from 3"},
			{"height", "2", "pictures of 2 by 0"},
		} {
			if _, vae := m.Fitted.(*gmm.Model); vae && one.key == "activation" {
				continue
			}
			f.Metadata["config"] = changed(t, config, one.key, one.value)
			_, err := Read(bytes.NewReader(encoded(t, f)))
			require.ErrorIs(t, err, ErrFormat, "%s %s", m.Name, one.key)
			require.ErrorContains(t, err, one.want, "%s %s", m.Name, one.key)
		}
		f.Metadata["config"] = config[:len(config)-1] + `,"dim":2}`
		_, err := Read(bytes.NewReader(encoded(t, f)))
		require.ErrorContains(t, err, `"dim" twice`)
	}
}

func encoded(t *testing.T, f *safetensors.File) []byte {
	var b bytes.Buffer
	require.NoError(t, safetensors.Write(&b, f))
	return b.Bytes()
}

// Rows that are plainly not on the scale of the model's are refused: scaled to
// 1 they would all turn black, unscaled all white.
func TestRowsOnAnotherScale(t *testing.T) {
	prepare := func(lo, hi float64, values ...float64) error {
		p := Preparation{Columns: []string{"a", "b"}, Measure: density.Binary, Binarize: dataset.BinarizedThreshold, Lo: lo, Hi: hi}
		_, err := p.Prepare(&dataset.Dataset{Name: "rows", Columns: []string{"a", "b"}, X: mat.NewDense(len(values)/2, 2, values)})
		return err
	}
	require.ErrorContains(t, prepare(0, 255, 0, 1, 1, 0), "multiply the values by 255")
	require.ErrorIs(t, prepare(0, 255, 0, 0.5, 0.25, 0), ErrMismatch)
	require.ErrorContains(t, prepare(0, 1, 0, 1, 255, 0), "levels from 0 to 1")
	require.NoError(t, prepare(0, 255, 0, 0, 0, 0), "black pictures are black on every scale")
	require.NoError(t, prepare(0, 255, 0, 254, 3, 0))
	require.NoError(t, prepare(0, 1, 0, 1, 1, 0))
}

// A file without an end is read no further than its header says.
func TestEndlessFile(t *testing.T) {
	_, err := Load("/dev/zero")
	require.Error(t, err)
	m := models(t)[0]
	_, err = Read(io.MultiReader(bytes.NewReader(bytesOf(t, m)), endless{}))
	require.ErrorIs(t, err, ErrFormat)
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }
