package report

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"likely/compare"
	"likely/internal/browsertest"
)

// open writes an outcome and opens its report.
func open(t *testing.T, tab *browsertest.Tab, o *compare.Outcome) {
	dir := filepath.Join(t.TempDir(), "out")
	require.NoError(t, Write(t.Context(), dir, o, nil))
	tab.Run(t, chromedp.Navigate("file://"+filepath.Join(dir, PageName)))
}

// The report of two columns in a real browser: hovering a row says its log p under each
// model as the outcome has it, arrow keys go to the next row, sliders redraw the course
// of both fits, headings sort, numbers explain themselves, nothing is loaded from
// elsewhere, and nothing sticks out on a phone.
func TestReportInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	tab := browsertest.New(t, 3*time.Minute)
	o := small(t, func(c *compare.Settings) { c.GapRows, c.Novelty, c.VAE.Epochs = 3, true, 30 })
	open(t, tab, o)
	tab.Wait(t, `document.querySelectorAll(".explorer svg").length >= 4`)
	require.Equal(t, strconv.Itoa(o.Reported().Rows()), tab.Text(t, `document.querySelector(".panel").querySelectorAll(".dot").length`))

	var box [4]float64
	tab.Run(t, chromedp.Evaluate(`(() => { const c = document.querySelector('.panel [data-row="3"]'); c.scrollIntoView({block:"center"}); const b = c.getBoundingClientRect(); return [b.left + b.width/2, b.top + b.height/2, 0, 0]; })()`, &box))
	tab.Run(t, chromedp.Sleep(500*time.Millisecond)) // until the scrolling, which hides what is said of a row, is over
	tab.Run(t, chromedp.MouseEvent("mouseMoved", box[0], box[1]))
	tab.Wait(t, `!document.getElementById("tip").hidden`)
	requireRow(t, tab, o, tab.Text(t, `document.getElementById("tip").textContent`))

	tab.Run(t, chromedp.Evaluate(`document.querySelector(".panel svg").focus()`, nil), chromedp.KeyEvent(kb.ArrowRight))
	requireRow(t, tab, o, tab.Text(t, `document.getElementById("live").textContent`))

	for i, fit := range o.Fits {
		require.Greater(t, len(fit.Course), 3)
		slider := `document.querySelectorAll(".panel input[type=range]")[` + strconv.Itoa(i) + `]`
		require.Equal(t, strconv.Itoa(len(fit.Course)-1), tab.Text(t, slider+`.max`))
		image := slider + `.closest(".panel").querySelector("image").getAttribute("href")`
		last := tab.Text(t, image)
		tab.Run(t, chromedp.Evaluate(slider+`.focus()`, nil), chromedp.KeyEvent(kb.Home))
		require.NotEqual(t, last, tab.Text(t, image))
		require.Equal(t, strconv.Itoa(fit.Course[0].At), tab.Text(t, slider+`.parentElement.querySelector("output").textContent`))
		tab.Run(t, chromedp.KeyEvent(kb.End))
		require.Equal(t, last, tab.Text(t, image))
	}

	names := `[...document.querySelectorAll("table.models tbody th")].map(e => e.textContent).join()`
	sorted := `document.querySelectorAll("table.models thead button")[1].click()`
	tab.Run(t, chromedp.Evaluate(sorted, nil))
	down := tab.Text(t, names)
	tab.Run(t, chromedp.Evaluate(sorted, nil))
	require.NotEqual(t, down, tab.Text(t, names))
	require.Equal(t, "ascending", tab.Text(t, `document.querySelectorAll("table.models thead th")[1].getAttribute("aria-sort")`))
	tab.Run(t, chromedp.Evaluate(`document.querySelector("table.models .tip").focus()`, nil))
	require.Contains(t, tab.Text(t, `document.getElementById("tip").textContent`), "Higher is better.")

	require.Equal(t, "0", tab.Text(t, `[...document.querySelectorAll("svg:not([aria-label]), img:not([alt])")].length`), "every picture has a text")
	require.Equal(t, "true", tab.Text(t, `[...document.querySelectorAll("summary")].every(s => s.textContent.trim().length > 20)`))
	tab.Run(t, chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil))
	for _, scheme := range []string{"light", "dark"} {
		tab.Run(t, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
		require.GreaterOrEqual(t, tab.Number(t, contrast), 4.5, "the least contrast of text, %s", scheme)
		tab.Shot(t, "report-"+scheme, 1280)
		tab.Shot(t, "report-"+scheme, 390)
	}
}

// contrast is the least contrast between text and the paper behind it, by the formula of
// WCAG 2.2. Figures bring their own paper.
const contrast = `(() => {
	const channels = c => c.match(/[\d.]+/g).map(Number);
	const light = c => { const [r, g, b] = channels(c).map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
	const paper = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (c !== "rgba(0, 0, 0, 0)") return c; } return "rgb(255,255,255)"; };
	let least = 99;
	for (const e of document.querySelectorAll("body *:not(figure *):not(script):not(style)")) {
		if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.getClientRects().length) continue;
		const style = getComputedStyle(e), ink = light(e.closest("svg") ? style.fill : style.color), back = light(paper(e));
		least = Math.min(least, (Math.max(ink, back) + .05) / (Math.min(ink, back) + .05));
	}
	return least;
})()`

// requireRow finds the row that a text names in the outcome, and its numbers in the text.
func requireRow(t *testing.T, tab *browsertest.Tab, o *compare.Outcome, text string) {
	t.Helper()
	rows := o.Reported()
	for i := range rows.Rows() {
		if !strings.HasPrefix(text, rows.Where(i, -1)+"\n") {
			continue
		}
		for k, fit := range o.Fits {
			require.Contains(t, text, "log p under "+fit.Model.Name+": "+signed(o.LogProb[k].LogProb[i], 3))
		}
		return
	}
	t.Fatalf("no row of the data is named in %q", text)
}

// The report of images shows the image of the row, its class and the codes; that of one
// column a curve.
func TestReportsOfOtherShapes(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	tab := browsertest.New(t, 3*time.Minute)
	open(t, tab, small(t, func(c *compare.Settings) { c.Dataset, c.EvalRows, c.VAE.Epochs = "digits", 20, 1 }))
	tab.Wait(t, `document.querySelectorAll(".panel .dot").length >= 40`)
	tab.Run(t, chromedp.Evaluate(`document.querySelector(".panel svg").focus()`, nil), chromedp.KeyEvent(kb.ArrowRight))
	require.Equal(t, "8", tab.Text(t, `document.querySelector("#tip canvas").width`))
	require.Contains(t, tab.Text(t, `document.getElementById("tip").textContent`), "class ")
	tab.Shot(t, "report-digits", 1280)
	tab.Shot(t, "report-digits", 390)
	open(t, tab, small(t, func(c *compare.Settings) { c.Dataset, c.VAE.Latent = "galaxies", 1 }))
	tab.Wait(t, `document.querySelectorAll(".panel .curve").length == 2`)
	tab.Shot(t, "report-galaxies", 390)
}
