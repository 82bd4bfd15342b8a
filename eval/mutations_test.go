//go:build mutations

package eval_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// mutations are mistakes seen in well-known code, each put into a file of this
// project, and tests that must notice. Run them with
//
//	go test -tags mutations -run Mutations ./eval
var mutations = []struct {
	mistake  string
	file     string
	old, new string
	pkg, run string
}{
	{"mean of logs for log of mean", "density/logsumexp.go",
		"return LogSumExp(x) - math.Log(float64(len(x)))", "return floats.Sum(x) / float64(len(x))",
		"./eval", "TestLogOfTheMean|TestAgreesWithAGrid"},
	{"−log K forgotten", "density/logsumexp.go",
		"return LogSumExp(x) - math.Log(float64(len(x)))", "return LogSumExp(x)",
		"./eval", "TestLogOfTheMean|TestPosteriorAsProposal"},
	{"K requested, not K drawn", "eval/importance.go",
		"r.LogProb[i] = density.LogMeanExp(logs)", "r.LogProb[i] = density.LogSumExp(logs) - math.Log(DefaultSamples)",
		"./eval", "TestLogOfTheMean"},
	{"log-sum-exp that broadcasts: the codes of one row against another", "elbo/settings.go",
		"w.draw(ctx, density.Rows(x, i, i+1), purpose, i)", "w.draw(ctx, density.Rows(x, 0, 1), purpose, i)",
		"./elbo", "TestPosteriorHasNoGap|TestSplitsAgreeWithClosedForms"},
	{"rows and codes paired the wrong way round", "density/densitytest/curve.go",
		"range x.RawRowView(i / s)", "range x.RawRowView(i % (n / s))",
		"./density/densitytest", "TestLatentPasses"},
	{"a sum over rows before the logarithm", "density/estimate.go",
		"mean /= total", "mean = LogMeanExp(values)",
		"./density", "TestMeanEstimate"},
	{"the last batch only", "elbo/sampler.go",
		"w.m.LogLik(w.weights.LogLik[from:to], x, z)", "w.m.LogLik(w.weights.LogLik[:to-from], x, z)",
		"./elbo", "TestBitsDoNotDependOnChunksOrCores|TestSlopeOfTheMultiSampleBound"},
	{"a ragged last batch weighted like a full one", "elbo/multisample.go",
		"if len(group) < k {", "if len(group) < 0 {",
		"./elbo", "TestMultiSampleIsNondecreasing"},
	{"the square without its half", "density/normal.go",
		"dst[i] = n.constant - 0.5*square\n\t}\n\treturn dst\n}\n\n// LogProbGrad stores log p(xᵢ) in dst as LogProb does, and its gradient\n// −(xᵢ − μ)/v", "dst[i] = n.constant - square\n\t}\n\treturn dst\n}\n\n// LogProbGrad stores log p(xᵢ) in dst as LogProb does, and its gradient\n// −(xᵢ − μ)/v",
		"./density", "TestFamiliesPassTheSuite"},
	{"no normaliser", "density/normal.go",
		"n.constant -= 0.5 * (log2Pi + math.Log(v))", "n.constant -= 0.5 * math.Log(v)",
		"./density", "TestFamiliesPassTheSuite|TestVarianceIsAVariance"},
	{"a mean over pixels", "density/normal.go",
		"dst[i] = n.constant - 0.5*square\n", "dst[i] = (n.constant - 0.5*square) / float64(len(n.mean))\n",
		"./density", "TestFamiliesPassTheSuite"},
	{"cross-entropy of grey values for a density", "density/bernoulli.go",
		"sum = math.Inf(-1)", "sum += v*b.logOne[j] + (1-v)*b.logZero[j]",
		"./density", "TestBernoulliRefusesGreyValues"},
	{"variance taken for a standard deviation", "density/normal.go",
		"n.deviation[j], n.precision[j] = math.Sqrt(v), 1/v", "n.deviation[j], n.precision[j] = v, 1/(v*v)",
		"./density", "TestVarianceIsAVariance|TestFamiliesPassTheSuite"},
	{"variance taken for a log-variance", "density/normal.go",
		"n.constant -= 0.5 * (log2Pi + math.Log(v))", "n.constant -= 0.5 * (log2Pi + v)",
		"./density", "TestVarianceIsAVariance|TestFamiliesPassTheSuite"},
	{"dequantisation noise of the wrong width", "dataset/dequantize.go",
		"uniform(src)*steps[j]", "uniform(src)*steps[j]/256",
		"./dataset", "TestDequantize"},
	{"the test set binarised afresh for each model", "dataset/binarize.go",
		`d.rowSource(seed, "dataset.binarize", i)`, `d.rowSource(seed+rand.Uint64(), "dataset.binarize", i)`,
		"./dataset", "TestBinarizeStatic"},
	{"β left on in evaluation", "elbo/settings.go",
		"dst[i] = w.LogLik[i] + w.LogPrior[i] - w.LogProposal[i]", "dst[i] = w.LogLik[i] + 0.5*(w.LogPrior[i]-w.LogProposal[i])",
		"./eval", "TestPosteriorAsProposal|TestAgreesWithAGrid"},
	{"adaptive transitions called exact", "eval/annealer.go",
		"acceptance[i] += v / float64(t-1)", "acceptance[i] += v / float64(t-1)\n\t\t\tw.step[i] *= math.Exp(0.5 * (v - targetAcceptance))",
		"./eval", "TestStepsAreFrozen"},
	{"effective sample size of weights that are not normalised", "eval/importance.go",
		"logs[k] = math.Exp(l - mean)", "logs[k] = math.Exp(l)",
		"./eval", "TestLogOfTheMean|TestPosteriorAsProposal"},
	{"Pareto fit to weights that are not normalised", "internal/pareto/pareto.go",
		"excess[i] = math.Exp(l-peak) - base", "excess[i] = math.Exp(l) - base",
		"./internal/pareto", "TestKHatOfPareto"},
	{"the best of several chains reported", "eval/anneal.go",
		"a.LogProb[i] = density.LogMeanExp(logs)", "a.LogProb[i] = logs[0]\n\tfor _, l := range logs {\n\t\ta.LogProb[i] = max(a.LogProb[i], l)\n\t}",
		"./eval", "TestAnnealingOnLinearModels|TestOneTemperatureIsPriorSampling"},
	{"the divergence of the article's formula, twice its size", "density/densitytest/linear.go",
		"dst[i] = 0.5 * sum", "dst[i] = sum",
		"./density/densitytest", "TestDivergencePasses"},
	{"measures mixed in one comparison", "eval/compare.go",
		"if a.Measure != b.Measure {", "if false {",
		"./eval", "TestCompare"},
	{"reverse chains with the sign of forward ones", "eval/annealer.go",
		"w.gather(logs, k, -1)", "w.gather(logs, k, 1)",
		"./eval", "TestSandwiches"},
	{"an upper bound without the code that the row came from", "eval/sandwich.go",
		"logs[0] = out.Single[i]", "logs[0] = density.LogMeanExp(logs)",
		"./eval", "TestSandwiches"},
	{"acceptance without the kinetic energy", "eval/hmc.go",
		"return potential + kinetic/2", "return potential + 0*kinetic",
		"./eval", "TestLeapfrog|TestTransitionsLeaveTheDensityInvariant"},
}

func TestMutations(t *testing.T) {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	for _, m := range mutations {
		t.Run(m.mistake, func(t *testing.T) {
			path := filepath.Join(root, filepath.FromSlash(m.file))
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Contains(t, string(text), m.old, "the code has moved on: bring the mutation up to date")
			dir := t.TempDir()
			changed := filepath.Join(dir, "changed.go")
			require.NoError(t, os.WriteFile(changed, []byte(strings.Replace(string(text), m.old, m.new, 1)), 0o600))
			overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
			require.NoError(t, err)
			config := filepath.Join(dir, "overlay.json")
			require.NoError(t, os.WriteFile(config, overlay, 0o600))
			args := []string{"test", "-count=1", "-overlay", config, "-run", m.run, m.pkg}
			if m.pkg == "./elbo" || m.pkg == "./density" {
				args = append(args, "-rapid.nofailfile") // of failures that are meant
			}
			test := exec.Command("go", args...)
			test.Dir = root
			out, err := test.CombinedOutput()
			require.Error(t, err, "no test noticed")
			require.Contains(t, string(out), "--- FAIL", "the mutation must compile, and a test fail")
		})
	}
}
