package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// syntheticRows is the number of rows that Open draws of a synthetic density.
const syntheticRows = 2000

// curve describes a synthetic density: equally weighted round Gaussians in
// the plane, strung along curves so closely that they melt into a ridge.
type curve struct {
	name, title string
	points      func() []point
}

// point is one Gaussian: its mean, its standard deviation in both directions,
// and the class it belongs to.
type point struct {
	x, y, sd float64
	class    int
}

var curves = []curve{
	{"rings", "three rings around each other, in proportion to their lengths", ringPoints},
	{"moons", "two half moons that interlock", moonPoints},
	{"spirals", "two spirals around each other", spiralPoints},
	{"pinwheel", "five bent arms that widen outwards", pinwheelPoints},
	{"eight-gaussians", "eight Gaussians on a circle", eightPoints},
}

// ringPoints puts three circles of radius 1, 2 and 3 around the origin, one
// Gaussian for each sixteenth of a radian or so.
func ringPoints() []point {
	var points []point
	for ring := 1; ring <= 3; ring++ {
		n := 32 * ring
		for i := range n {
			sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
			points = append(points, point{float64(ring) * cos, float64(ring) * sin, 0.15, ring - 1})
		}
	}
	return points
}

// moonPoints puts the upper half of the unit circle around (0, 0) and the
// lower half of the one around (1, ½).
func moonPoints() []point {
	var points []point
	const n = 32
	for i := range n {
		sin, cos := math.Sincos(math.Pi * (float64(i) + 0.5) / n)
		points = append(points, point{cos, sin, 0.1, 0}, point{1 - cos, 0.5 - sin, 0.1, 1})
	}
	return points
}

// spiralPoints follows the spiral of Archimedes, radius = angle/π, for a turn
// and a half from half a turn on, and its image through the origin. The points
// are even in arc length, to first order: angle ∝ √.
func spiralPoints() []point {
	var points []point
	const n = 64
	for i := range n {
		t := (float64(i) + 0.5) / n
		angle := math.Pi * math.Sqrt(1+15*t) // π to 4π
		sin, cos := math.Sincos(angle)
		r := angle / math.Pi
		points = append(points, point{r * cos, r * sin, 0.12, 0}, point{-r * cos, -r * sin, 0.12, 1})
	}
	return points
}

// pinwheelPoints bends five rays by 0.8 radian for each unit of length and
// widens them outwards.
func pinwheelPoints() []point {
	var points []point
	const arms, n = 5, 16
	for arm := range arms {
		for i := range n {
			r := 0.4 + 1.6*(float64(i)+0.5)/n
			sin, cos := math.Sincos(2*math.Pi*float64(arm)/arms + 0.8*r)
			points = append(points, point{r * cos, r * sin, 0.05 + 0.07*r, arm})
		}
	}
	return points
}

// eightPoints puts eight narrow Gaussians on the circle of radius 2.
func eightPoints() []point {
	var points []point
	for i := range 8 {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / 8)
		points = append(points, point{2 * cos, 2 * sin, 0.2, i})
	}
	return points
}

// Synthetic draws n rows (n×2) from a density that is known exactly, and
// returns them with that density: rings, moons, spirals, pinwheel or
// eight-gaussians. Each is a finite mixture of Gaussians along a curve, so
// log p(x) is a sum in closed form, and no model can on average exceed the
// density's own mean log p. The rows are independent; the first rows are the
// same for any n. An unknown name wraps [ErrUnknown], n < 1 [ErrTooFew].
func Synthetic(name string, n int, seed uint64) (*Dataset, density.Exact, error) {
	entry, known := lookup(name)
	if !known || entry.curve == nil {
		return nil, nil, fmt.Errorf("dataset: no synthetic density is called %q: %w; they are rings, moons, spirals, pinwheel and eight-gaussians", name, ErrUnknown)
	}
	if n < 1 {
		return nil, nil, fmt.Errorf("dataset: %d rows of %s: %w; ask for at least 1", n, name, ErrTooFew)
	}
	truth := ridge(entry.curve.points())
	d := &Dataset{
		Name:    entry.Name,
		X:       mat.NewDense(n, 2, nil),
		Columns: columnNames(2),
		Labels:  make([]int, n),
		Source:  entry.Source,
		Licence: entry.Licence,
		Truth:   truth,
	}
	truth.draw(d.X, d.Labels, density.NewSource(seed, "dataset.synthetic."+entry.Name))
	d.SHA256 = valuesSHA256(d.X)
	return d, truth, nil
}

func syntheticEntries() []Entry {
	entries := make([]Entry, len(curves))
	for i := range curves {
		entries[i] = Entry{
			Name: curves[i].name, Title: curves[i].title,
			Rows: syntheticRows, Dim: 2, Synthetic: true,
			Source:  "drawn from a mixture of Gaussians whose density is known",
			Licence: "that of this program",
			Note:    "the seed is 1; any other number of rows or seed is given by Synthetic",
			curve:   &curves[i],
		}
	}
	return entries
}

// valuesSHA256 is the fingerprint of values that come from no file.
func valuesSHA256(x *mat.Dense) string {
	n, d := x.Dims()
	var raw bytes.Buffer
	raw.Grow(8 * n * d)
	for i := range n {
		for _, v := range x.RawRowView(i) {
			raw.Write(binary.LittleEndian.AppendUint64(raw.AvailableBuffer(), math.Float64bits(v)))
		}
	}
	sum := sha256.Sum256(raw.Bytes())
	return hex.EncodeToString(sum[:])
}
