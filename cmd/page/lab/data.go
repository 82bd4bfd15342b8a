package lab

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// Points makes a table of points.
func Points(list [][2]float64) (*mat.Dense, error) {
	if len(list) < leastRows {
		return nil, fmt.Errorf("%d points: %w; give at least %d", len(list), ErrData, leastRows)
	}
	x := mat.NewDense(len(list), 2, nil)
	for i, p := range list {
		x.SetRow(i, p[:])
	}
	return x, nil
}

// ParseCSV reads the first two columns of numbers of a text with commas, semicolons or
// tabs, with or without names in its first line. An error wraps [ErrData] and names the
// line.
func ParseCSV(text string) (*mat.Dense, error) {
	text = strings.TrimPrefix(text, "\ufeff")
	first, _, _ := strings.Cut(text, "\n")
	r := csv.NewReader(strings.NewReader(text))
	for _, comma := range ";\t" {
		if strings.ContainsRune(first, comma) && !strings.Contains(first, ",") {
			r.Comma = comma
		}
	}
	r.FieldsPerRecord, r.TrimLeadingSpace = -1, true
	var columns []int
	var list [][2]float64
	for number := 1; ; number++ {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return Points(list)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: it is no table: %v", ErrData, err)
		}
		if len(list) == MostRows {
			return nil, fmt.Errorf("more than %d rows: %w in a browser; cut the table, or run the command", MostRows, ErrData)
		}
		found := numeric(cells)
		if columns == nil && len(found) < 2 {
			if number == 1 {
				continue // names
			}
			return nil, fmt.Errorf("line %d holds %d numbers: %w; want a table with two columns of numbers", number, len(found), ErrData)
		}
		if columns == nil {
			columns = found[:2]
		}
		var p [2]float64
		for k, j := range columns {
			if j >= len(cells) {
				return nil, fmt.Errorf("line %d has %d columns: %w; want as many as above", number, len(cells), ErrData)
			}
			if p[k], err = strconv.ParseFloat(strings.TrimSpace(cells[j]), 64); err != nil {
				return nil, fmt.Errorf("line %d, column %d is %.20q: %w; want a number", number, j+1, cells[j], ErrData)
			}
		}
		list = append(list, p)
	}
}

// numeric lists the cells that are numbers.
func numeric(cells []string) []int {
	var found []int
	for j, cell := range cells {
		if _, err := strconv.ParseFloat(strings.TrimSpace(cell), 64); err == nil {
			found = append(found, j)
		}
	}
	return found
}
