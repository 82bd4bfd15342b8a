package main

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"likely/cmd/page/lab"
	"likely/internal/browsertest"
)

// wireBudget is what a visit may cost in all, compressed.
const wireBudget = 2.25e6

// built is the folder of the page, which is built once for all tests.
var built string

var site = sync.OnceValues(func() (dir string, err error) {
	if dir = os.Getenv("LIKELY_PAGE"); dir != "" { // one that is there already
		return dir, nil
	}
	if built, err = os.MkdirTemp("", "likely-page-test"); err == nil {
		err = build(context.Background(), built)
	}
	return built, err
})

func serveSite(t *testing.T) (dir, address string) {
	if testing.Short() {
		t.Skip("builds the page")
	}
	dir, err := site()
	require.NoError(t, err)
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(server.Close)
	return dir, server.URL
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	os.Exit(code)
}

// native answers requests as the page does, without a browser.
type native struct {
	t      *testing.T
	server lab.Server
}

func (n *native) ask(r lab.Request) *lab.Answer {
	text, err := json.Marshal(r)
	require.NoError(n.t, err)
	answer := n.server.Answer(text)
	require.Empty(n.t, answer.Error)
	return answer
}

// numbersOf reads the numbers that the page shows of a model.
func numbersOf(t *testing.T, tab *browsertest.Tab, model string) lab.Numbers {
	var n lab.Numbers
	require.NoError(t, json.Unmarshal([]byte(tab.Text(t, `document.getElementById("stack-`+model+`").dataset.numbers`)), &n))
	return n
}

const idle = `window.likelyView && likelyView.ready && !likelyView.busy`

// Twenty half steps, made by clicks: the numbers on the page are those of
// the same steps made natively, log p = ELBO + KL after each, the ELBO of the mixture
// never falls, and an encoder step leaves log p where it was.
func TestHalfStepsInABrowser(t *testing.T) {
	_, address := serveSite(t)
	tab := browsertest.New(t, 8*time.Minute)
	tab.Run(t, chromedp.Navigate(address+"/?set=moons&k=3&latent=1&seed=7&ask=0&lang=en&more=1"))
	tab.Wait(t, idle)
	here := &native{t: t}
	var sets map[string][][2]float64
	points, err := setPoints()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(points, &sets))
	answer := here.ask(lab.Request{Do: "start", Points: sets["moons"], Settings: lab.Settings{Components: 3, Latent: 1, Sigma: "shared", Seed: 7}})
	compare := func(step string) (mixture, network lab.Numbers) {
		mixture, network = numbersOf(t, tab, "mixture"), numbersOf(t, tab, "network")
		close := func(want, got lab.Numbers, within float64) {
			require.InDelta(t, want.LogProb, got.LogProb, within, step)
			require.InDelta(t, want.ELBO, got.ELBO, within, step)
			require.InDelta(t, want.KL, got.KL, within, step)
		}
		close(*answer.Mixture, mixture, 1e-9)
		close(*answer.Network, network, 1e-4)
		require.InDelta(t, mixture.LogProb, mixture.ELBO+mixture.KL, 1e-9, step)
		require.InDelta(t, network.LogProb, network.ELBO+network.KL, 1e-4, step)
		return mixture, network
	}
	lastMixture, lastNetwork := compare("start")
	click := func(id string, r lab.Request) {
		tab.Run(t, chromedp.Click("#"+id, chromedp.ByQuery))
		tab.Wait(t, idle)
		answer = here.ask(r)
		mixture, network := compare(id)
		require.GreaterOrEqual(t, mixture.ELBO, lastMixture.ELBO-1e-9)
		if id == "e" {
			require.InDelta(t, 0, mixture.KL, 1e-9)
		}
		if id == "encoder" {
			require.InDelta(t, lastNetwork.LogProb, network.LogProb, 1e-12)
		}
		lastMixture, lastNetwork = mixture, network
	}
	for range 5 {
		click("e", lab.Request{Do: "half", Mixture: "e"})
		click("m", lab.Request{Do: "half", Mixture: "m"})
		click("encoder", lab.Request{Do: "half", Network: lab.Encoder, Steps: 40})
		click("decoder", lab.Request{Do: "half", Network: lab.Decoder, Steps: 40})
	}
	require.Equal(t, "20", tab.Text(t, "likelyView.steps"))

	// The ladder climbs, a dragged code is decoded, the link carries the state.
	tab.Run(t, chromedp.Evaluate(`document.getElementById("plane-network").scrollIntoView()`, nil), chromedp.Click("#plane-network", chromedp.ByQuery))
	tab.Wait(t, idle+` && likelyView.rungs`)
	require.Equal(t, "log p", tab.Text(t, `document.querySelector("#rungs .rung:last-child b").textContent`))
	tab.Run(t, chromedp.Click("#codes", chromedp.ByQuery))
	tab.Wait(t, `document.getElementById("decoded").textContent.includes("N((")`)
	require.Contains(t, tab.Text(t, "location.search"), "seed=7")
	for _, scheme := range []string{"light", "dark"} {
		tab.Run(t, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
		tab.Shot(t, "page-"+scheme, 1280)
		tab.Shot(t, "page-"+scheme, 390)
	}
}

// A question comes before the first step and is answered; Chinese has all words; points
// are drawn with the pointer; what cannot be used is a sentence, and the page goes on;
// both models run freely, and stop.
func TestPageInABrowser(t *testing.T) {
	_, address := serveSite(t)
	tab := browsertest.New(t, 8*time.Minute)
	tab.Run(t, chromedp.Navigate(address+"/?set=pinwheel&k=5&latent=2&lang=zh&more=0"))
	tab.Wait(t, idle)
	require.Equal(t, "两个模型，一个公式", tab.Text(t, `document.querySelector("h1").textContent`))
	tab.Run(t, chromedp.Click("#e", chromedp.ByQuery))
	tab.Wait(t, `document.querySelectorAll("#question button").length === 3`)
	tab.Run(t, chromedp.Click("#question button:nth-child(2)", chromedp.ByQuery))
	tab.Wait(t, idle+` && document.querySelectorAll("#question button").length === 0`)
	require.True(t, strings.HasPrefix(tab.Text(t, `document.querySelector("#question").textContent`), "对。"))
	tab.Run(t, chromedp.SetValue("#lang", "en", chromedp.ByQuery), chromedp.Evaluate(`document.getElementById("lang").dispatchEvent(new Event("change"))`, nil))
	require.Equal(t, "E-step", tab.Text(t, `document.getElementById("e").textContent`))

	tab.Run(t, chromedp.Click("#run", chromedp.ByQuery))
	tab.Wait(t, `likelyView.steps > 15`)
	tab.Run(t, chromedp.Click("#run", chromedp.ByQuery))
	tab.Wait(t, idle)
	free := numbersOf(t, tab, "network")
	require.InDelta(t, free.LogProb, free.ELBO+free.KL, 1e-4)

	csv := filepath.Join(t.TempDir(), "bad.csv")
	for text, want := range map[string]string{"a,b\nx,y\n": "line 2 holds 0 numbers", "1,2\n1,2\n1,2\n": "constant", "1,2\n": "give at least 3", "1,2\n3,NaN\n5,6\n": "NaN"} {
		require.NoError(t, os.WriteFile(csv, []byte(text), 0o644))
		tab.Run(t, chromedp.SetUploadFiles("#file", []string{csv}, chromedp.ByQuery))
		tab.Wait(t, `document.getElementById("status").className === "error" && document.getElementById("status").textContent.includes(`+quote(want)+`)`)
	}
	require.NoError(t, os.WriteFile(csv, []byte("a,b\n1,2\n2,4\n3,1\n5,5\n"), 0o644))
	tab.Run(t, chromedp.SetUploadFiles("#file", []string{csv}, chromedp.ByQuery))
	tab.Wait(t, idle+` && document.getElementById("status").textContent.startsWith("4 points")`)

	tab.Run(t, chromedp.Click("#clear", chromedp.ByQuery), chromedp.Evaluate(`document.getElementById("plane-mixture").scrollIntoView({block:"center"})`, nil))
	var box [4]float64
	tab.Run(t, chromedp.Evaluate(`(() => { const b = document.getElementById("plane-mixture").getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })()`, &box))
	for i := range 12 {
		angle := float64(i) / 2
		tab.Run(t, chromedp.MouseClickXY(box[0]+box[2]*(0.5+0.3*math.Cos(angle)), box[1]+box[3]*(0.5+0.3*math.Sin(angle))))
	}
	tab.Run(t, chromedp.Click("#restart", chromedp.ByQuery))
	tab.Wait(t, idle+` && document.getElementById("status").textContent.startsWith("12 points")`)
	own := numbersOf(t, tab, "mixture")
	require.InDelta(t, own.LogProb, own.ELBO+own.KL, 1e-9)
}

// All words are there in both languages.
func TestWords(t *testing.T) {
	tab := browsertest.New(t, time.Minute)
	script, err := static.ReadFile("static/words.js")
	require.NoError(t, err)
	tab.Run(t, chromedp.Evaluate(strings.Replace(string(script), "const WORDS", "globalThis.WORDS", 1), nil))
	require.Equal(t, "true", tab.Text(t, `Object.keys(WORDS.en).join() === Object.keys(WORDS.zh).join()`))
	page, err := static.ReadFile("static/index.html")
	require.NoError(t, err)
	for _, piece := range strings.Split(string(page), `data-t="`)[1:] {
		key, _, _ := strings.Cut(piece, `"`)
		require.Equal(t, "string", tab.Text(t, `typeof WORDS.en[`+quote(key)+`]`), key)
	}
}

func quote(text string) string {
	out, _ := json.Marshal(text)
	return string(out)
}

// A browser that lacks what the page needs, and a server that lacks the program, get a
// sentence.
func TestWithoutWhatThePageNeeds(t *testing.T) {
	dir, _ := serveSite(t)
	files := http.FileServer(http.Dir(dir))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/old") {
			page, err := os.ReadFile(filepath.Join(dir, "index.html"))
			require.NoError(t, err)
			w.Write([]byte(strings.Replace(string(page), `<script src="words.js">`, `<base href="/"><script>delete globalThis.WebAssembly</script><script src="words.js">`, 1)))
			return
		}
		files.ServeHTTP(w, r)
	}))
	defer server.Close()
	tab := browsertest.New(t, time.Minute)
	tab.Run(t, chromedp.Navigate(server.URL+"/old?lang=en"))
	tab.Wait(t, `document.getElementById("status").className === "error"`)
	require.Contains(t, tab.Text(t, `document.getElementById("status").textContent`), "no WebAssembly")
}

// What a visit takes over the wire stays within its budget.
func TestBudget(t *testing.T) {
	dir, _ := serveSite(t)
	var sum int64
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		info, err := entry.Info()
		require.NoError(t, err)
		sum += info.Size()
	}
	require.Less(t, float64(sum), wireBudget)
}

func TestUsage(t *testing.T) {
	require.Equal(t, 2, run(t.Context(), nil))
	require.Equal(t, 2, run(t.Context(), []string{"build"}))
	require.Equal(t, 2, run(t.Context(), []string{"serve", "--nope"}))
	require.Equal(t, 1, run(t.Context(), []string{"serve", "--addr", "localhost:-1"}))
}
