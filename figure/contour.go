package figure

// point is a place in the coordinates of the data.
type point struct{ x, y float64 }

// loop is a closed curve; the region it bounds lies on its left.
type loop struct {
	points []point
	// border[k] says that the piece from point k to point k+1 runs along
	// the edge of the grid rather than along the level.
	border []bool
}

// region returns the boundary of {log p ≥ level} as closed loops: outer ones
// counter-clockwise, holes clockwise, so that a fill by the winding number
// draws the region. The order is that of the grid, always the same.
//
// This is marching squares (Lorensen and Cline's marching cubes in the
// plane). The contour plotter of gonum/plot draws lines only, and orders them
// by the iteration of a map.
func (g field) region(level float64) []loop {
	m := marcher{field: g, level: level, w: len(g.x) + 2, h: len(g.y) + 2}
	m.next = make(map[int]int)
	var starts []int
	for j := range m.h - 1 {
		for i := range m.w - 1 {
			starts = m.cell(i, j, starts)
		}
	}
	var loops []loop
	for _, start := range starts {
		if _, ok := m.next[start]; !ok {
			continue // part of an earlier loop
		}
		var l loop
		for at := start; ; {
			to, ok := m.next[at]
			if !ok {
				break
			}
			delete(m.next, at)
			l.points = append(l.points, m.crossing(at))
			l.border = append(l.border, m.onBorder(at) || m.onBorder(to))
			at = to
		}
		loops = append(loops, l)
	}
	return loops
}

// marcher walks the cells of a field that is surrounded by one more ring of
// nodes, at the place of the outermost ones and with density 0. Regions that
// the frame cuts are thereby closed along the frame.
type marcher struct {
	field
	level float64
	w, h  int         // nodes with the ring
	next  map[int]int // from the edge where a piece starts to where it ends
}

// inside reports whether node (i, j) belongs to the region.
func (m *marcher) inside(i, j int) bool { return m.value(i, j) >= m.level }

// value returns the log-density of node (i, j), and next to nothing on the
// ring. Values far below the level, −∞ among them, are raised: they say no
// more about where the level lies, and interpolation needs numbers.
func (m *marcher) value(i, j int) float64 {
	least := m.level - 50
	if i == 0 || j == 0 || i == m.w-1 || j == m.h-1 {
		return least
	}
	return max(least, m.logp[(j-1)*len(m.x)+i-1])
}

// place returns the coordinates of node (i, j).
func (m *marcher) place(i, j int) point {
	return point{
		m.x[min(max(i-1, 0), len(m.x)-1)],
		m.y[min(max(j-1, 0), len(m.y)-1)],
	}
}

// edge numbers the edge that leaves node (i, j) to the right, or upward.
func (m *marcher) edge(i, j int, upward bool) int {
	e := 2 * (j*m.w + i)
	if upward {
		e++
	}
	return e
}

// ends returns the two nodes of an edge.
func (m *marcher) ends(edge int) (i, j, k, l int) {
	node := edge / 2
	i, j = node%m.w, node/m.w
	if edge%2 == 1 {
		return i, j, i, j + 1
	}
	return i, j, i + 1, j
}

// cell adds the pieces of the boundary in the cell whose lower left node is
// (i, j), and appends the edges at which they start.
func (m *marcher) cell(i, j int, starts []int) []int {
	nodes := [4][2]int{{i, j}, {i + 1, j}, {i + 1, j + 1}, {i, j + 1}} // counter-clockwise
	edges := [4]int{m.edge(i, j, false), m.edge(i+1, j, true), m.edge(i, j+1, false), m.edge(i, j, true)}
	var in [4]bool
	for k, n := range nodes {
		in[k] = m.inside(n[0], n[1])
	}
	if in[0] && in[2] && !in[1] && !in[3] || in[1] && in[3] && !in[0] && !in[2] {
		return m.saddle(nodes, edges, in, starts)
	}
	// On a walk around the cell, the boundary starts where the walk leaves
	// the region and ends where it enters again.
	leave, enter := -1, -1
	for k := range 4 {
		switch {
		case in[k] && !in[(k+1)%4]:
			leave = edges[k]
		case !in[k] && in[(k+1)%4]:
			enter = edges[k]
		}
	}
	if leave < 0 {
		return starts
	}
	m.next[leave] = enter
	return append(starts, leave)
}

// saddle treats a cell with two opposite corners inside: the mean of the corners
// decides whether they are joined.
func (m *marcher) saddle(nodes [4][2]int, edges [4]int, in [4]bool, starts []int) []int {
	var mean float64
	for _, n := range nodes {
		mean += m.value(n[0], n[1]) / 4
	}
	for k := range 4 {
		if !in[k] || in[(k+1)%4] {
			continue
		}
		enter := edges[(k+3)%4] // around this corner alone
		if mean >= m.level {
			enter = edges[(k+1)%4] // around the outer corner between the two
		}
		m.next[edges[k]] = enter
		starts = append(starts, edges[k])
	}
	return starts
}

// crossing returns where the level crosses an edge, by linear interpolation
// of the log-density.
func (m *marcher) crossing(edge int) point {
	i, j, k, l := m.ends(edge)
	a, b := m.value(i, j), m.value(k, l)
	p, q := m.place(i, j), m.place(k, l)
	t := (m.level - a) / (b - a)
	return point{p.x + t*(q.x-p.x), p.y + t*(q.y-p.y)}
}

// onBorder reports whether an edge touches the ring.
func (m *marcher) onBorder(edge int) bool {
	i, j, k, l := m.ends(edge)
	return i == 0 || j == 0 || k == m.w-1 || l == m.h-1
}

// runs cuts a loop into the open or closed curves that follow the level,
// leaving out what runs along the frame.
func (l loop) runs() [][]point {
	n := len(l.points)
	first := -1 // a piece after which a run can start
	for k, b := range l.border {
		if b {
			first = k
			break
		}
	}
	if first < 0 {
		return [][]point{append(append([]point{}, l.points...), l.points[0])}
	}
	var runs [][]point
	var run []point
	for step := 1; step <= n; step++ {
		k := (first + step) % n
		if l.border[k] {
			if len(run) > 0 {
				runs = append(runs, append(run, l.points[k]))
			}
			run = nil
			continue
		}
		run = append(run, l.points[k])
	}
	return runs
}
