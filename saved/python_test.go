package saved

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/gmm"
	"likely/vae"
)

// numpy returns a Python that has it, and skips the test where there is none.
func numpy(t *testing.T) string {
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import numpy").Run() == nil {
			return name
		}
	}
	t.Skip("there is no Python with numpy here")
	return ""
}

// The script in docs/models.md writes a file that reads here with the density that
// it says, and reads one that was written here.
func TestPythonScript(t *testing.T) {
	python := numpy(t)
	text, err := os.ReadFile(filepath.Join("..", "docs", "models.md"))
	require.NoError(t, err)
	_, script, found := strings.Cut(string(text), "```python\n")
	require.True(t, found)
	script, _, _ = strings.Cut(script, "```")

	dir := t.TempDir()
	var written *Model
	for _, m := range models(t) {
		if m.Name == "vae" {
			written = m
		}
	}
	require.NoError(t, written.Save(filepath.Join(dir, "vae.safetensors")))
	cmd := exec.Command(python, "-c", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	said := map[string]float64{}
	for line := range strings.Lines(string(out)) {
		name, number, _ := strings.Cut(strings.TrimSpace(line), " ")
		said[name], err = strconv.ParseFloat(number, 64)
		require.NoError(t, err, line)
	}

	m, err := Load(filepath.Join(dir, "mixture.safetensors"))
	require.NoError(t, err)
	require.Equal(t, []string{"height", "width"}, m.Preparation.Columns)
	tr := m.Preparation.Transform
	y := tr.Apply(nil, mat.NewDense(1, 2, []float64{12, 25}))
	got := m.Fitted.(*gmm.Model).LogProb(nil, y)[0] + tr.LogJacobian()
	require.InEpsilon(t, said["mixture"], got, 1e-12)

	f := written.Fitted.(*vae.Model)
	got = f.LogLik(nil, mat.NewDense(1, 2, []float64{0.1, -0.3}), mat.NewDense(1, 2, []float64{0.5, -0.25}))[0]
	require.InEpsilon(t, said["vae"], got, 1e-4) // its networks compute in float32
}

// docs/models.md names every key of every config, and every tensor.
func TestModelsDocument(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "models.md"))
	require.NoError(t, err)
	keys := jsonKeys(reflect.TypeFor[header]())
	for _, m := range every(t) {
		keys = append(keys, jsonKeys(reflect.TypeOf(familyOf(m.Fitted).config(m.Fitted)))...)
		for _, tensor := range fileOf(t, m).Tensors {
			// encoder.0.weight stands for every layer, .bias after it for its bias
			name := strings.TrimSuffix(tensor.Name, ".bias")
			name = strings.ReplaceAll(name, "decoder.0", "encoder.0")
			name = regexp.MustCompile(`^networks\.\d+\.\d+`).ReplaceAllString(name, "networks.0.0")
			require.Contains(t, string(text), "`"+name, "%s", tensor.Name)
		}
	}
	for _, key := range keys {
		require.Contains(t, string(text), "`"+key+"`")
	}
}
