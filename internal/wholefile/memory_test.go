package wholefile

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// memory is a file system that forgets: what was not made durable may be lost
// in a crash, in any combination that keeps the order of changes to one name.
type memory struct {
	root    *node
	pending []*change
	noSwap  bool            // exchange is not supported
	noLinks bool            // link is not supported
	closed  map[string]bool // folders in which no name can change
	clock   int64
}

type node struct {
	names  map[string]*node // nil: a file
	disk   map[string]*node // the names that survive a crash
	data   []byte
	saved  []byte // the data that survive a crash
	locked bool
	time   int64
}

// change is a set of names that change together.
type change struct {
	of []binding
}

type binding struct {
	dir  *node
	name string
	to   *node
}

func newMemory() *memory {
	return &memory{root: &node{names: map[string]*node{}, disk: map[string]*node{}}, closed: map[string]bool{}}
}

func (m *memory) find(path string) (*node, error) {
	at := m.root
	for _, name := range strings.Split(strings.Trim(filepath.ToSlash(path), "/"), "/") {
		if name == "" {
			continue
		}
		if at.names == nil {
			return nil, syscall.ENOTDIR
		}
		next, ok := at.names[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		at = next
	}
	return at, nil
}

func (m *memory) parent(path string) (*node, string, error) {
	dir, err := m.find(filepath.Dir(path))
	if err == nil && dir.names == nil {
		err = syscall.ENOTDIR
	}
	if err == nil && m.closed[filepath.Dir(path)] {
		err = fs.ErrPermission
	}
	return dir, filepath.Base(path), err
}

func (m *memory) apply(of ...binding) {
	for _, b := range of {
		if b.to == nil {
			delete(b.dir.names, b.name)
		} else {
			b.dir.names[b.name] = b.to
		}
	}
	m.pending = append(m.pending, &change{of})
}

type handle struct {
	m *memory
	n *node
}

func (h handle) Write(b []byte) (int, error) {
	h.m.clock++
	h.n.data, h.n.time = append(h.n.data, b...), h.m.clock
	return len(b), nil
}

func (h handle) Sync() error  { h.n.saved = slices.Clone(h.n.data); return nil }
func (h handle) Close() error { h.n.locked = false; return nil }

func (m *memory) create(path string, _ fs.FileMode) (file, error) {
	dir, name, err := m.parent(path)
	if err != nil {
		return nil, err
	}
	if dir.names[name] != nil {
		return nil, fs.ErrExist
	}
	m.clock++
	n := &node{locked: true, time: m.clock}
	m.apply(binding{dir, name, n})
	return handle{m, n}, nil
}

func (m *memory) lock(path string, make bool) (func(), error) {
	n, err := m.find(path)
	if errors.Is(err, fs.ErrNotExist) && make {
		f, err := m.create(path, 0)
		if err != nil {
			return nil, err
		}
		return func() { f.Close() }, nil
	}
	if err != nil {
		return nil, err
	}
	if n.locked {
		return nil, errLocked
	}
	n.locked = true
	return func() { n.locked = false }, nil
}

func (m *memory) mkdir(path string, _ fs.FileMode) error {
	dir, name, err := m.parent(path)
	if err != nil {
		return err
	}
	if dir.names[name] != nil {
		return fs.ErrExist
	}
	m.apply(binding{dir, name, &node{names: map[string]*node{}, disk: map[string]*node{}}})
	return nil
}

func (m *memory) chmod(path string, _ fs.FileMode) error { _, err := m.find(path); return err }

func (m *memory) rename(from, to string) error {
	a, x, err := m.parent(from)
	if err != nil {
		return err
	}
	b, y, err := m.parent(to)
	if err != nil {
		return err
	}
	n, over := a.names[x], b.names[y]
	switch {
	case n == nil:
		return fs.ErrNotExist
	case over != nil && len(over.names) > 0:
		return syscall.ENOTEMPTY
	case over != nil && (n.names == nil) != (over.names == nil):
		return syscall.EISDIR
	}
	m.apply(binding{a, x, nil}, binding{b, y, n})
	return nil
}

func (m *memory) exchange(p, q string) error {
	if m.noSwap {
		return errors.ErrUnsupported
	}
	a, x, err := m.parent(p)
	if err != nil {
		return err
	}
	b, y, err := m.parent(q)
	if err != nil {
		return err
	}
	n, o := a.names[x], b.names[y]
	if n == nil || o == nil {
		return fs.ErrNotExist
	}
	m.apply(binding{a, x, o}, binding{b, y, n})
	return nil
}

func (m *memory) link(from, to string) error {
	if m.noLinks {
		return errors.ErrUnsupported
	}
	n, err := m.find(from)
	if err != nil {
		return err
	}
	dir, name, err := m.parent(to)
	if err != nil {
		return err
	}
	if dir.names[name] != nil {
		return fs.ErrExist
	}
	m.apply(binding{dir, name, n})
	return nil
}

func (m *memory) remove(path string) error {
	dir, name, err := m.parent(path)
	if err != nil {
		return err
	}
	n := dir.names[name]
	if n == nil {
		return fs.ErrNotExist
	}
	if len(n.names) > 0 {
		return syscall.ENOTEMPTY
	}
	m.apply(binding{dir, name, nil})
	return nil
}

func (m *memory) readDir(path string) ([]fs.DirEntry, error) {
	n, err := m.find(path)
	if err != nil {
		return nil, err
	}
	if n.names == nil {
		return nil, syscall.ENOTDIR
	}
	var list []fs.DirEntry
	for name, n := range n.names {
		list = append(list, fs.FileInfoToDirEntry(info{name, n}))
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

func (m *memory) readFile(path string) ([]byte, error) {
	n, err := m.find(path)
	if err != nil {
		return nil, err
	}
	return slices.Clone(n.data), nil
}

func (m *memory) lstat(path string) (fs.FileInfo, error) {
	n, err := m.find(path)
	if err != nil {
		return nil, err
	}
	return info{filepath.Base(path), n}, nil
}

func (m *memory) sameFile(a, b fs.FileInfo) bool { return a.(info).n == b.(info).n }

// sync makes the changes of a folder durable, and those that came before them
// to the same names of others.
func (m *memory) sync(path string) error {
	n, err := m.find(path)
	if err != nil {
		return err
	}
	if n.names == nil {
		n.saved = slices.Clone(n.data)
		return nil
	}
	wanted := map[*change]bool{}
	var want func(i int)
	want = func(i int) {
		if wanted[m.pending[i]] {
			return
		}
		wanted[m.pending[i]] = true
		for j := range i {
			if m.pending[i].touches(m.pending[j]) {
				want(j)
			}
		}
	}
	for i, c := range m.pending {
		for _, b := range c.of {
			if b.dir == n {
				want(i)
			}
		}
	}
	m.pending = slices.DeleteFunc(m.pending, func(c *change) bool {
		if wanted[c] {
			c.persist()
		}
		return wanted[c]
	})
	return nil
}

func (c *change) touches(d *change) bool {
	for _, a := range c.of {
		for _, b := range d.of {
			if a.dir == b.dir && a.name == b.name {
				return true
			}
		}
	}
	return false
}

func (c *change) persist() {
	for _, b := range c.of {
		if b.to == nil {
			delete(b.dir.disk, b.name)
		} else {
			b.dir.disk[b.name] = b.to
		}
	}
}

// crash leaves what is durable, and of the rest what keep says: 0: nothing, 1:
// everything, else a random part.
func (m *memory) crash(keep int, random *rand.Rand) {
	lost := []*change{}
	for _, c := range m.pending {
		depends := slices.ContainsFunc(lost, c.touches)
		if !depends && (keep == 1 || keep > 1 && random.IntN(2) == 0) {
			c.persist()
		} else {
			lost = append(lost, c)
		}
	}
	m.pending = nil
	m.root.crash(keep, random, map[*node]bool{})
}

func (n *node) crash(keep int, random *rand.Rand, seen map[*node]bool) {
	if seen[n] {
		return
	}
	seen[n] = true
	n.locked = false
	if n.names == nil {
		if keep != 1 && (keep == 0 || random.IntN(2) == 0) && !slices.Equal(n.data, n.saved) {
			whole := n.data
			n.data = slices.Clone(n.saved)
			if keep > 1 { // torn
				n.data = slices.Clone(whole[:len(n.saved)+random.IntN(len(whole)-len(n.saved)+1)])
			}
		}
		n.saved = slices.Clone(n.data)
		return
	}
	n.names = map[string]*node{}
	for name, to := range n.disk {
		n.names[name] = to
		to.crash(keep, random, seen)
	}
}

type info struct {
	name string
	n    *node
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return int64(len(i.n.data)) }
func (i info) IsDir() bool        { return i.n.names != nil }
func (i info) ModTime() time.Time { return time.Unix(i.n.time, 0) }
func (i info) Sys() any           { return nil }
func (i info) Mode() fs.FileMode {
	if i.IsDir() {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
