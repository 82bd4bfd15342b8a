package report

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/compare"
	"likely/density"
	"likely/figure"
)

// imagesAcross is the number of images in a row of a montage.
const imagesAcross = 12

func imageDrawings(o *compare.Outcome) []drawing {
	if !o.Data.All.IsImage() {
		return nil
	}
	return []drawing{{"images", func() (*figure.Figure, error) { return drawImages(o) }}}
}

// drawImages draws data, samples of each model and reconstructions.
func drawImages(o *compare.Outcome) (*figure.Figure, error) {
	d := o.Data
	shown := d.Train
	if d.Test != nil {
		shown = d.Test
	}
	shown = shown.Head(imagesAcross)
	t := d.Preparation.Transform
	var samples, reconstructions []figure.ImageRow
	for _, fit := range o.Fits {
		name := fit.Model.Name
		codes := func() rand.Source { return density.NewSource(o.Results.Seed, "comparison.codes") }
		if m, ok := fit.Model.Fitted.(decoder); ok {
			z := mat.NewDense(imagesAcross, m.LatentDim(), nil)
			prior, density := m.(prior)
			if !density || fit.Assumed {
				// The lesson of the plain autoencoder: codes that no row was
				// given decode to nothing in particular.
				fillNormal(z, codes())
				x := m.DecodeMean(nil, z)
				samples = append(samples, figure.ImageRow{Label: name, Detail: "random codes", Images: t.Invert(x, x)})
			}
			if density {
				prior.RandPrior(z, codes())
				x := m.DecodeMean(nil, z)
				samples = append(samples, figure.ImageRow{Label: name, Detail: "means of samples", Images: t.Invert(x, x)})
			}
		}
		if m, ok := fit.Model.Fitted.(mixed); ok && m.Components() > 1 {
			means := m.Means()
			k, _ := means.Dims()
			x := mat.DenseCopyOf(density.Rows(means, 0, min(k, imagesAcross)))
			what := "components"
			if fit.Model.Family() == "lcm" {
				what = "classes"
			}
			samples = append(samples, figure.ImageRow{Label: name, Detail: "means of " + what, Images: t.Invert(x, x)})
		}
		if m, ok := fit.Model.Fitted.(density.Model); ok {
			x := mat.NewDense(imagesAcross, m.Dim(), nil)
			m.Rand(x, density.NewSource(o.Results.Seed, "comparison.images"))
			samples = append(samples, figure.ImageRow{Label: name, Detail: "samples", Images: t.Invert(x, x)})
		}
		if m, ok := fit.Model.Fitted.(compare.Reconstructor); ok {
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
func imageShape(d *compare.Data) figure.ImageShape {
	low, high := d.All.Range()
	if d.Preparation.Measure == density.Binary {
		low, high = 0, 1
	}
	return figure.ImageShape{Height: d.All.Height, Width: d.All.Width, Black: high, White: low}
}
