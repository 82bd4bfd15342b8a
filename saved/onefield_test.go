package saved

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/gmm"
	"likely/internal/safetensors"
	"likely/kde"
	"likely/lcm"
	"likely/made"
	"likely/tree"
	"likely/vae"
)

// every returns a small model of every kind of file: each family of covariances,
// likelihood, prior, scale and measure.
func every(t testing.TB) []*Model {
	list := models(t)
	src := func() rand.Source { return density.NewSource(3, "saved.every") }
	x := mat.NewDense(12, 2, nil)
	for i := range 12 {
		x.SetRow(i, []float64{math.Sin(float64(i)), math.Cos(1.7 * float64(i))})
	}
	levels := mat.NewDense(12, 2, nil)
	bits := mat.NewDense(12, 2, nil)
	for i := range 12 {
		levels.SetRow(i, []float64{float64(i % 4), float64(i * 7 % 4)})
		bits.SetRow(i, []float64{float64(i % 2), float64(i / 3 % 2)})
	}
	mixed, gaps := mat.DenseCopyOf(x), mat.DenseCopyOf(x)
	for i := range 12 {
		mixed.Set(i, 0, levels.At(i, 0))
	}
	gaps.Set(3, 1, math.NaN())
	prepared := func(measure density.Measure) Preparation {
		p := Preparation{Columns: []string{"a", "b"}, Measure: measure, Seed: 5, Transform: density.NewIdentity(2)}
		switch measure {
		case density.Dequantized:
			p.Steps = []float64{1, 0.5}
		case density.Binary:
			p.Binarize, p.Lo, p.Hi, p.Height, p.Width = dataset.BinarizedStatic, 0, 255, 1, 2
		case density.Discrete:
			p.Hi = 3
		case density.Mixed:
			p.Types = []dataset.ColumnType{dataset.Categorical, dataset.Continuous}
			p.Levels = [][]string{{"p", "q", "r", "s"}, nil}
		}
		return p
	}
	for _, name := range []string{"full", "tied", "diag", "spherical", "tied-diag", "tied-spherical", "VVE", "EEV", "factors:1"} {
		family, err := gmm.ParseCovariance(name)
		require.NoError(t, err)
		g, _, err := gmm.Fit(t.Context(), x, gmm.Settings{Components: 2, Starts: 1, Covariance: family, Iterations: 3}, src())
		require.NoError(t, err, name)
		measure := density.Continuous
		if name == "diag" {
			measure = density.Dequantized
		}
		p := prepared(measure)
		p.Missing = name == "full"
		list = append(list, &Model{Name: name, Fitted: g, Preparation: p})
	}
	for name, one := range map[string]struct {
		x       *mat.Dense
		s       vae.Settings
		measure density.Measure
	}{
		"bernoulli":  {bits, vae.Settings{Likelihood: vae.Bernoulli}, density.Binary},
		"discrete":   {levels, vae.Settings{Likelihood: vae.DiscretizedLogistic, Levels: 4}, density.Discrete},
		"student":    {x, vae.Settings{Likelihood: vae.StudentT, Freedom: 3}, density.Continuous},
		"full":       {x, vae.Settings{FullPosterior: true}, density.Dequantized},
		"normalised": {x, vae.Settings{Norm: vae.LayerNorm, Sigma: vae.PerDim}, density.Continuous},
		"columns":    {mixed, vae.Settings{Columns: []vae.Column{{Likelihood: vae.Categorical, Levels: 4}, {Likelihood: vae.Gaussian}}, Sigma: vae.PerDim, Prior: vae.Vamp(2)}, density.Mixed},
		"gaps":       {gaps, vae.Settings{Missing: true}, density.Continuous},
		"float32":    {x, vae.Settings{Precision: vae.Float32, Activation: vae.ReLU}, density.Continuous},
	} {
		one.s.Hidden, one.s.Epochs, one.s.Latent = []int{3}, 1, 2
		m, _, err := vae.Fit(t.Context(), one.x, nil, one.s, src())
		require.NoError(t, err, name)
		p := prepared(one.measure)
		p.Missing = one.s.Missing
		list = append(list, &Model{Name: name, Fitted: m, Preparation: p})
	}
	return append(list, neighbours(t, x, bits, prepared)...)
}

// neighbours returns the models that are no Gaussian mixture and no autoencoder.
func neighbours(t testing.TB, x, bits *mat.Dense, prepared func(density.Measure) Preparation) []*Model {
	src := func() rand.Source { return density.NewSource(3, "saved.every") }
	var list []*Model
	add := func(name string, f Fitted, err error, measure density.Measure) {
		require.NoError(t, err, name)
		list = append(list, &Model{Name: name, Fitted: f, Preparation: prepared(measure)})
	}
	for _, shape := range []kde.Shape{kde.Diagonal, kde.Full} {
		m, _, err := kde.Fit(t.Context(), x, kde.Settings{Shape: shape, Iterations: 3}, src())
		add("kde "+shape.String(), m, err, density.Continuous)
	}
	tr, _, err := tree.Fit(t.Context(), bits, tree.Settings{})
	add("tree", tr, err, density.Binary)
	classes, _, err := lcm.Fit(t.Context(), bits, lcm.Settings{Components: 2, Starts: 1, Iterations: 3}, src())
	add("lcm", classes, err, density.Binary)
	for _, one := range []struct {
		name    string
		x       *mat.Dense
		columns []made.Column
		measure density.Measure
	}{{"made", x, nil, density.Continuous}, {"made bits", bits, []made.Column{{Kind: made.Bernoulli}, {Kind: made.Bernoulli}}, density.Binary}} {
		m, _, err := made.Fit(t.Context(), one.x, nil, made.Settings{Columns: one.columns, Hidden: []int{3}, Components: 2, Orders: 2, Epochs: 1}, src())
		add(one.name, m, err, one.measure)
	}
	return list
}

// No family has a key of its own in the place of one that all have.
func TestKeysAreDistinct(t *testing.T) {
	var all map[string]json.RawMessage
	text, err := json.Marshal(Preparation{})
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &all))
	// "family" is said by vae.Config too, and means the same.
	for _, key := range []string{"schema", "name"} {
		all[key] = nil
	}
	for _, m := range every(t) {
		text, err := json.Marshal(familyOf(m.Fitted).config(m.Fitted))
		require.NoError(t, err)
		var own map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(text, &own))
		for key := range own {
			require.NotContains(t, all, key, "%s", m.Name)
		}
	}
}

// use asks a model for all that a command would: whatever the file, nothing may
// panic, and a number may be −∞ but not NaN.
func use(t testing.TB, m *Model, where string) {
	d := m.Fitted.Dim()
	x := mat.NewDense(3, d, nil)
	for j := range d {
		x.Set(1, j, m.Preparation.Hi)
		x.Set(2, j, 1)
	}
	rows := &dataset.Dataset{Name: "rows", X: x, Columns: slices.Clone(m.Preparation.Columns)}
	prepared, err := m.Preparation.Prepare(rows)
	if err != nil {
		return
	}
	y := m.Preparation.Transform.Apply(nil, prepared.X)
	for _, v := range y.RawMatrix().Data {
		if math.IsInf(v, 0) {
			return // the scale is so small that no row of these has a place in model space
		}
	}
	numbers := func(values []float64) {
		for _, v := range values {
			require.False(t, math.IsNaN(v), "%s: NaN", where)
		}
	}
	if f, ok := m.Fitted.(density.Exact); ok {
		numbers(f.LogProb(nil, y))
	}
	if f, ok := m.Fitted.(density.Model); ok {
		f.Rand(mat.NewDense(2, d, nil), density.NewSource(1, "saved.use"))
	}
	if f, ok := m.Fitted.(*vae.Model); ok {
		z := mat.NewDense(3, f.LatentDim(), nil)
		f.RandPrior(z, density.NewSource(1, "saved.use"))
		f.LogPrior(nil, z)
		f.LogLik(nil, y, z)
		q := f.Encoder()
		q.Rand(z, y, density.NewSource(1, "saved.use"))
		q.LogProb(nil, z, y)
	}
	if f, ok := m.Fitted.(interface {
		Reconstruct(dst, x *mat.Dense) *mat.Dense
	}); ok {
		f.Reconstruct(nil, y)
	}
	var b bytes.Buffer
	require.NoError(t, m.Write(&b), where)
	again, err := Read(bytes.NewReader(b.Bytes()))
	require.NoError(t, err, where)
	require.Equal(t, bytesOf(t, m), bytesOf(t, again), where)
}

// values are what a field of the config is changed to.
var values = []string{
	`null`, `true`, `false`, `0`, `-1`, `1`, `2`, `3`, `0.5`, `1e300`, `-1e300`, `1e999`, `9223372036854775807`, `"0"`, `16777216`,
	`""`, `"x"`, `"full"`, `"gmm"`, `"vae"`, `"ae"`, `"none"`, `"static"`, `"binary"`, `"continuous"`, `"discrete"`, `"dequantized"`,
	`"bernoulli"`, `"gaussian"`, `"mixture:3"`, `"mixture:1000000000"`, `"fixed:1"`, `"factors:1"`, `"factors:99999999"`, `"network"`,
	`[]`, `[1]`, `[0,0]`, `[1,-1]`, `[1e300,1]`, `[16777216,16777216]`, `[2,2]`, `["a"]`, `["a","b"]`, `["a","b","c"]`, `{}`, `{"dim":1}`,
}

// numbers are what an element of a tensor is changed to.
var numbers = []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, -1, 1e308, -1e308, 5e-324, 1e150, 1e-150}

// changed returns the config with one key set to a value, or without it ("").
func changed(t testing.TB, config, key, value string) string {
	var keys map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(config), &keys))
	if value == "" {
		delete(keys, key)
	} else {
		keys[key] = json.RawMessage(value)
	}
	text, err := json.Marshal(keys)
	require.NoError(t, err)
	return string(text)
}

// tryFile reads a file and, if that is a model, uses it. It returns whether it is.
func tryFile(t testing.TB, f *safetensors.File, where string) bool {
	var b bytes.Buffer
	if err := safetensors.Write(&b, f); err != nil {
		return false // no such file can be written
	}
	m, err := Read(&b)
	if err != nil {
		require.ErrorIs(t, err, ErrFormat, where)
		require.Less(t, len(err.Error()), 500, "%s: a message of any length: %.600s", where, err.Error())
		return false
	}
	use(t, m, where)
	return true
}

func fileOf(t testing.TB, m *Model) *safetensors.File {
	f, err := safetensors.Read(bytes.NewReader(bytesOf(t, m)))
	require.NoError(t, err)
	return f
}

// TestOneFieldChanged changes one field of a valid file of every kind: each key of
// the config to each of many values, and each tensor in its shape, in its name and
// in a number.
func TestOneFieldChanged(t *testing.T) {
	tried, models := 0, 0
	turn := 0
	try := func(f *safetensors.File, where string) {
		if turn++; testing.Short() && turn%11 != 0 {
			return
		}
		tried++
		if tryFile(t, f, where) {
			models++
		}
	}
	for _, m := range every(t) {
		f := fileOf(t, m)
		require.True(t, tryFile(t, f, m.Name))
		config := f.Metadata["config"]
		keys, err := object([]byte(config))
		require.NoError(t, err)
		// Whatever is written is needed: the same file without it is none.
		for _, key := range sortedKeys(keys) {
			g := &safetensors.File{Tensors: f.Tensors, Metadata: map[string]string{"config": changed(t, config, key, "")}}
			optional := slices.Contains([]string{"floor", "steps", "step", "missing"}, key) && !(key == "floor" && familyOf(m.Fitted).name == "made")
			require.Equal(t, optional, tryFile(t, g, m.Name+" without "+key), "%s without %s", m.Name, key)
		}
		for _, key := range append(sortedKeys(keys), "norm", "freedom", "floor", "steps", "height", "levels", "prior", "prior_mixture", "missing", "full_posterior", "autoencoder", "unknown") {
			for _, value := range values {
				g := &safetensors.File{Tensors: f.Tensors, Metadata: map[string]string{"config": changed(t, config, key, value)}}
				try(g, fmt.Sprintf("%s with %s %s", m.Name, key, value))
			}
		}
		for i, tensor := range f.Tensors {
			with := func(other ...safetensors.Tensor) *safetensors.File {
				return &safetensors.File{Tensors: slices.Replace(slices.Clone(f.Tensors), i, i+1, other...), Metadata: f.Metadata}
			}
			where := m.Name + " " + tensor.Name
			require.False(t, tryFile(t, with(), where), "%s is missing", where)
			renamed := tensor
			renamed.Name += "x"
			require.False(t, tryFile(t, with(renamed), where), "%s has another name", where)
			require.False(t, tryFile(t, with(tensor, renamed), where), "%s is there twice", where)
			for _, shape := range [][]int{{}, {len(tensor.Data), 1}, {1, len(tensor.Data)}, {1, 1, 1, len(tensor.Data)}} {
				reshaped := tensor
				reshaped.Shape = shape
				if !slices.Equal(shape, tensor.Shape) {
					require.False(t, tryFile(t, with(reshaped), where), "%s has shape %v", where, shape)
				}
			}
			for _, at := range []int{0, len(tensor.Data) / 2, len(tensor.Data) - 1} {
				for _, v := range numbers {
					other := tensor
					other.Data = slices.Clone(tensor.Data)
					other.Data[at] = v
					try(with(other), fmt.Sprintf("%s: element %d is %v", where, at, v))
					if math.IsNaN(v) || math.IsInf(v, 0) {
						require.False(t, tryFile(t, with(other), where), "%s: element %d is %v", where, at, v)
					}
				}
			}
		}
	}
	t.Logf("%d changes, %d of them models", tried, models)
}

// FuzzOneField changes one field of a valid file to what the fuzzer says: the
// config's text at a key, or a tensor's shape and one of its numbers.
func FuzzOneField(f *testing.F) {
	list := every(f)
	for i := range list {
		f.Add(byte(i), byte(0), "1", uint64(0), 0)
		f.Add(byte(i), byte(7), `"x"`, math.Float64bits(math.Inf(1)), 3)
		f.Add(byte(i), byte(4), `"`+strings.Repeat("ì", 2000)+`"`, uint64(0), 0)
		f.Add(byte(i), byte(200), `[1]`, math.Float64bits(-1), 1)
	}
	f.Fuzz(func(t *testing.T, kind, field byte, value string, bits uint64, at int) {
		file := fileOf(t, list[int(kind)%len(list)])
		keys, err := object([]byte(file.Metadata["config"]))
		require.NoError(t, err)
		if n := int(field); n < 128 && json.Valid([]byte(value)) {
			names := append(sortedKeys(keys), "norm", "freedom", "floor", "levels", "prior", "steps", "missing")
			file.Metadata["config"] = changed(t, file.Metadata["config"], names[n%len(names)], value)
		} else {
			tensor := &file.Tensors[n%len(file.Tensors)]
			tensor.Data[uint(at)%uint(len(tensor.Data))] = math.Float64frombits(bits)
		}
		tryFile(t, file, "")
	})
}
