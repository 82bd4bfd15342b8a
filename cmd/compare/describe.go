package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"likely/dataset"
)

// mostDescribed is the number of columns that are described one by one.
const mostDescribed = 40

// describeColumns prints a line for each column: what it holds and how its values are
// spread.
func describeColumns(w io.Writer, d *dataset.Dataset) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\ncolumn\ttype\tstep\tdistinct\tmissing\tminimum\tquartiles, levels\tmaximum\thistogram")
	columns := dataset.Describe(d)
	for _, c := range columns[:min(len(columns), mostDescribed)] {
		step := "–"
		if c.Step > 0 {
			step = short(c.Step)
		}
		low, middle, high := "–", "–", "–"
		if c.Levels != nil {
			middle = strings.Join(c.Levels[:min(len(c.Levels), 4)], ", ")
			if len(c.Levels) > 4 {
				middle += fmt.Sprintf(", … %d more", len(c.Levels)-4)
			}
		} else if c.Distinct > 0 {
			low, high = short(c.Min), short(c.Max)
			middle = short(c.LowerQuartile) + " " + short(c.Median) + " " + short(c.UpperQuartile)
		}
		kind := c.Type.String()
		if c.Bounds != dataset.Unbounded {
			kind += ", " + string(c.Bounds)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\t%s\n", shortName(c.Name), kind, step, c.Distinct, c.Missing, low, middle, high, bars(c.Histogram))
	}
	if more := len(columns) - mostDescribed; more > 0 {
		fmt.Fprintf(t, "… %d columns more\n", more)
	}
	return t.Flush()
}

// short prints a number with the digits that tell columns apart.
func short(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// shortName cuts a long name.
func shortName(name string) string {
	const most = 24
	letters := []rune(name)
	if len(letters) <= most {
		return name
	}
	return string(letters[:most-1]) + "…"
}

// bars draws counts as a row of bars, the tallest for the largest count.
func bars(counts []int) string {
	const levels = "▁▂▃▄▅▆▇█"
	most := 0
	for _, c := range counts {
		most = max(most, c)
	}
	var b strings.Builder
	for _, c := range counts[:min(len(counts), 24)] {
		if c == 0 {
			b.WriteByte(' ')
			continue
		}
		b.WriteRune([]rune(levels)[c*7/most])
	}
	return b.String()
}
