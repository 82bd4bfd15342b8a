package compare

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/figure"
	"likely/gmm"
	"likely/saved"
	"likely/vae"
)

// drawing is one picture of the output: its file name, and how to draw it. A
// picture that the data or the models do not allow is not in the list.
type drawing struct {
	name string
	draw func() (*figure.Figure, error)
}

// figures draws the pictures that suit the data into the folder figures.
func (j *Job) figures(ctx context.Context, r *Results, fits []*Fit, d *Data) error {
	drawings := []drawing{{"histories", func() (*figure.Figure, error) { return drawHistories(fits, d) }}}
	if scores, rows := scores(r); len(scores) > 0 {
		drawings = append(drawings, drawing{"scores", func() (*figure.Figure, error) {
			return figure.Scores("How good each model is: "+d.All.Name, rows, scores)
		}})
	}
	if gaps := gapFigure(r); len(gaps) > 0 {
		drawings = append(drawings, drawing{"gaps", func() (*figure.Figure, error) {
			return figure.Gaps("Why the bound is below log p: "+d.All.Name, gaps)
		}})
	}
	for _, m := range r.Models {
		if m.Name == "vae" && len(m.Estimators) > 0 {
			drawings = append(drawings, drawing{"bounds", func() (*figure.Figure, error) {
				return drawEstimators("How the bounds approach log p: "+d.All.Name, m.Estimators)
			}})
		}
	}
	points := complete(d.Train.X)
	switch {
	case d.Preparation.Measure == density.Binary, d.Preparation.Measure == density.Discrete, points == nil, len(panels(r, fits)) == 0:
	case d.All.Dim() == 1:
		drawings = append(drawings, drawing{"densities", func() (*figure.Figure, error) {
			return figure.Density1D("Densities: "+d.All.Name, mat.Col(nil, 0, points), panels(r, fits), d.All.Columns[0])
		}})
	case d.All.Dim() == 2:
		drawings = append(drawings, drawing{"densities", func() (*figure.Figure, error) {
			return figure.Densities("Densities: "+d.All.Name, points, panels(r, fits), [2]string{d.All.Columns[0], d.All.Columns[1]})
		}})
	}
	if d.All.IsImage() {
		drawings = append(drawings, drawing{"images", func() (*figure.Figure, error) { return j.drawImages(fits, d) }})
	}
	for _, fit := range fits {
		drawings = append(drawings, codeDrawings(fit, d)...)
		if m, ok := fit.Model.Fitted.(density.Model); ok && d.All.Dim() > 2 && d.All.Dim() <= mostPairs && points != nil && fit.Model.Name != "gaussian" {
			drawings = append(drawings, drawing{fit.Model.Name + "-pairs", func() (*figure.Figure, error) {
				x := mat.NewDense(d.Train.Rows(), m.Dim(), nil)
				m.Rand(x, density.NewSource(j.Config.Seed, "comparison.pairs"))
				t := d.Preparation.Transform
				samples := figure.Group{Name: fit.Model.Name + " samples", Points: t.Invert(x, x)}
				if mixture, ok := m.(*gmm.Model); ok {
					samples.Outlines = func(a, b int) []*mat.Dense { return ellipses(mixture, t, a, b) }
					samples.OutlineName = ellipsesName
				}
				return figure.Pairs("Data and samples: "+fit.Model.Name, d.All.Columns, []figure.Group{{Name: "data", Points: points}, samples})
			}})
		}
		if s := fit.Selection; s != nil {
			drawings = append(drawings, drawing{"selection", func() (*figure.Figure, error) { return s.draw(d.All.Name) }})
		}
	}
	for i, one := range drawings {
		if err := ctx.Err(); err != nil {
			return err
		}
		j.step("drawing", i, len(drawings), one.name)
		f, err := one.draw()
		if err != nil {
			return fmt.Errorf("drawing %s: %w", one.name, err)
		}
		path, err := j.Folder.Stage("figures/" + one.name)
		if err != nil {
			return err
		}
		if err := f.SaveAll(filepath.Dir(path), one.name); err != nil {
			return err
		}
	}
	return nil
}

// mostPairs is the largest number of columns that a scatter matrix is drawn for.
const mostPairs = 6

// drawHistories draws the course of every fit that took more than one step.
func drawHistories(fits []*Fit, d *Data) (*figure.Figure, error) {
	var histories []figure.History
	for _, fit := range fits {
		h := figure.History{
			Title: fit.Model.Name, Unit: fit.History.Unit,
			Train: fit.History.Train, Valid: fit.History.Valid, Best: fit.History.Best,
		}
		switch fit.Model.Fitted.(type) {
		case *gmm.Model:
			if len(h.Train) < 3 {
				continue // the closed form of one Gaussian has no course
			}
			h.Subtitle = "mean log p(x), exact"
		case *vae.Model, *vae.Autoencoder:
			h.Subtitle = "evidence lower bound"
			if plain(fit.Model) {
				h.Subtitle = "reconstruction, no density"
				h.Quantity = "−½ squared error, scaled"
			}
		}
		histories = append(histories, h)
	}
	if len(histories) == 0 {
		h := fits[0].History
		histories = []figure.History{{Title: fits[0].Model.Name, Subtitle: "mean log p(x), exact", Unit: h.Unit, Train: h.Train}}
	}
	return figure.Histories("Training: "+d.All.Name, histories)
}

// scores returns the scores of the densities on the test rows, or on the
// training rows where none were held out.
func scores(r *Results) ([]figure.Score, string) {
	var list []figure.Score
	rows := "test rows"
	for _, m := range r.Models {
		s := m.Test
		if r.Dataset.RowsTest == 0 {
			s, rows = m.Train, "training rows"
		}
		if s == nil || s.Nats == nil {
			continue
		}
		e := density.Estimate{Value: *s.Nats, Kind: *s.Kind, Rows: s.Rows, Samples: s.Samples, DataErr: math.NaN()}
		if s.SEData != nil {
			e.DataErr = *s.SEData
		}
		if s.SESamples != nil {
			e.SampleErr = *s.SESamples
		}
		list = append(list, figure.Score{Name: m.Name, Estimate: e})
		if b := m.Bounds; b != nil && b.ELBO != nil && *s.Kind != density.ExactValue {
			bound := density.Estimate{Value: *b.ELBO, Kind: density.LowerBound, Rows: s.Rows, DataErr: math.NaN()}
			if b.ELBOSEData != nil {
				bound.DataErr = *b.ELBOSEData
			}
			list = append(list, figure.Score{Name: m.Name + ", ELBO", Estimate: bound})
		}
	}
	return list, rows
}

// panels returns the densities to draw, in the units of the data.
func panels(r *Results, fits []*Fit) []figure.Panel {
	var list []figure.Panel
	for i, fit := range fits {
		m, ok := drawable(fit.Model)
		if !ok {
			continue
		}
		s := r.Models[i].Test
		where := "test"
		if s == nil {
			s, where = r.Models[i].Train, "train"
		}
		t := fit.Model.Preparation.Transform
		p := figure.Panel{
			Title:      fit.Model.Name,
			Subtitle:   fmt.Sprintf("%s: %s nats (%s)", where, natsText(s), strings.SplitN(kindText(s), ",", 2)[0]),
			LogDensity: density.Transformed(m, t).LogProb,
		}
		if mixture, ok := fit.Model.Fitted.(*gmm.Model); ok && mixture.Components() > 1 {
			switch mixture.Dim() {
			case 1:
				p.Parts, p.OutlineName = parts(mixture, t), "components of "+p.Title
			case 2:
				p.Outlines, p.OutlineName = ellipses(mixture, t, 0, 1), ellipsesName
			}
		}
		list = append(list, p)
	}
	return list
}

// drawnCodes is the number of codes along each side of the grid that stands for
// the prior of a 2-D code in a picture, and its square that of random codes for
// other codes.
const drawnCodes = 64

// drawable returns a density that can be evaluated at every node of a grid: the
// model itself if it is exact, or a VAE as a finite mixture.
func drawable(m *saved.Model) (density.Exact, bool) {
	switch f := m.Fitted.(type) {
	case *vae.Model:
		if marginal, ok, err := f.Marginal(); ok && err == nil {
			return marginal, true
		}
		z := figure.ManifoldCodes(drawnCodes)
		if f.LatentDim() != 2 || f.Config().Prior != vae.StandardNormal {
			z = mat.NewDense(drawnCodes*drawnCodes, f.LatentDim(), nil)
			f.RandPrior(z, density.NewSource(m.Preparation.Seed, "comparison.drawable"))
		}
		mixture, err := f.MixtureAt(z)
		return mixture, err == nil
	case density.Exact:
		return f, true
	}
	return nil, false
}

// imagesAcross is the number of images in a row of a montage.
const imagesAcross = 12

// drawImages draws data, samples of each model and reconstructions.
func (j *Job) drawImages(fits []*Fit, d *Data) (*figure.Figure, error) {
	shown := d.Train
	if d.Test != nil {
		shown = d.Test
	}
	shown = shown.head(imagesAcross)
	t := d.Preparation.Transform
	var samples, reconstructions []figure.ImageRow
	for _, fit := range fits {
		name := fit.Model.Name
		codes := func() rand.Source { return density.NewSource(j.Config.Seed, "comparison.codes") }
		switch m := fit.Model.Fitted.(type) {
		case *vae.Autoencoder:
			z := mat.NewDense(imagesAcross, m.LatentDim(), nil)
			fillNormal(z, codes())
			x := m.Decode(nil, z)
			samples = append(samples, figure.ImageRow{Label: name, Detail: "random codes", Images: t.Invert(x, x)})
		case *vae.Model:
			z, x := mat.NewDense(imagesAcross, m.LatentDim(), nil), mat.NewDense(imagesAcross, m.Dim(), nil)
			if plain(fit.Model) {
				// The lesson of the plain autoencoder: codes that no row was
				// given decode to nothing in particular.
				y := mat.NewDense(imagesAcross, m.Dim(), nil)
				fillNormal(z, codes())
				m.Decode(y, nil, z)
				samples = append(samples, figure.ImageRow{Label: name, Detail: "random codes", Images: t.Invert(y, y)})
			}
			m.RandPrior(z, codes())
			m.Decode(x, nil, z)
			samples = append(samples, figure.ImageRow{Label: name, Detail: "means of samples", Images: t.Invert(x, x)})
		}
		if m, ok := fit.Model.Fitted.(density.Model); ok {
			x := mat.NewDense(imagesAcross, m.Dim(), nil)
			m.Rand(x, density.NewSource(j.Config.Seed, "comparison.images"))
			samples = append(samples, figure.ImageRow{Label: name, Detail: "samples", Images: t.Invert(x, x)})
		}
		if m, ok := fit.Model.Fitted.(reconstructor); ok {
			y := m.Reconstruct(nil, shown.Model)
			reconstructions = append(reconstructions, figure.ImageRow{Label: name, Detail: "reconstructions", Images: t.Invert(y, y)})
		}
	}
	rows := []figure.ImageRow{{Label: "data", Detail: "held-out rows", Images: shown.X}}
	if d.Test == nil {
		rows[0].Detail = "training rows"
	}
	rows = append(append(rows, reconstructions...), samples...)
	return figure.Images("Data, reconstructions and samples: "+d.All.Name, rows, imageShape(d))
}

// fillNormal fills z with standard normal numbers.
func fillNormal(z *mat.Dense, src rand.Source) {
	random := rand.New(src)
	z.Apply(func(_, _ int, _ float64) float64 { return random.NormFloat64() }, z)
}

// imageShape returns the shape of the images and their range of greys: ink on
// paper, so that 0 is white.
func imageShape(d *Data) figure.ImageShape {
	low, high := d.All.Range()
	if d.Preparation.Measure == density.Binary {
		low, high = 0, 1
	}
	return figure.ImageShape{Height: d.All.Height, Width: d.All.Width, Black: high, White: low}
}

// codeDrawings returns the pictures of a 2-D code: what it decodes to, and where
// the training rows lie in it.
func codeDrawings(fit *Fit, d *Data) []drawing {
	m, ok := fit.Model.Fitted.(*vae.Model)
	if !ok || m.LatentDim() != 2 {
		return nil
	}
	list := []drawing{{fit.Model.Name + "-codes", func() (*figure.Figure, error) {
		codes, _ := m.Encoder().Moments(d.Train.Model)
		return figure.Codes("Where the encoder puts the training rows: "+fit.Model.Name, codes, labels(d))
	}}}
	if d.All.IsImage() {
		const side = 15
		list = append(list, drawing{fit.Model.Name + "-manifold", func() (*figure.Figure, error) {
			images := mat.NewDense(side*side, m.Dim(), nil)
			m.Decode(images, nil, manifoldCodes(m, side))
			return figure.Manifold("What each code decodes to: "+fit.Model.Name, d.Preparation.Transform.Invert(images, images), side, imageShape(d))
		}})
	}
	return list
}

// manifoldCodes returns the codes of a picture of the manifold, at the quantiles of
// a normal with the mean and the standard deviations of the prior.
func manifoldCodes(m *vae.Model, side int) *mat.Dense {
	z := figure.ManifoldCodes(side)
	mean, covariance := m.Prior().Moments()
	z.Apply(func(_, j int, v float64) float64 { return mean[j] + math.Sqrt(covariance.At(j, j))*v }, z)
	return z
}

// labels returns the class names of the training rows, or nil.
func labels(d *Data) []string {
	if d.Train.Labels == nil {
		return nil
	}
	names := make([]string, len(d.Train.Labels))
	for i, k := range d.Train.Labels {
		names[i] = strconv.Itoa(k)
		if k < len(d.All.LabelNames) {
			names[i] = d.All.LabelNames[k]
		}
	}
	return names
}
