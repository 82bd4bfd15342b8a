package dataset

import (
	"bufio"
	"bytes"
	"errors"
)

// maxLine is the longest line of a text file, in bytes: a million columns.
const maxLine = 1 << 24

var errLongLine = errors.New("line is too long")

// textLines passes a text on for the CSV parser: line ends of old Macs, a lone
// carriage return, become newlines; lines that begin with # are remembered;
// a line of more than maxLine bytes, which no table has, is errLongLine.
type textLines struct {
	r      *bufio.Reader
	length int   // of the current line so far
	line   int   // number of the current line, less 1
	blank  bool  // a blank line comes first, for one that was taken away
	hashes []int // lines that begin with #, ascending, those not yet asked for
}

func (l *textLines) Read(p []byte) (int, error) {
	if l.blank && len(p) > 0 {
		l.blank, l.line, p[0] = false, 1, '\n'
		return 1, nil
	}
	n, err := l.r.Read(p)
	p = p[:n]
	for at := 0; ; at++ {
		k := bytes.IndexByte(p[at:], '\r')
		if k < 0 {
			break
		}
		at += k
		next := byte(0)
		if at+1 < n {
			next = p[at+1]
		} else if peek, _ := l.r.Peek(1); len(peek) > 0 {
			next = peek[0]
		}
		if next != '\n' {
			p[at] = '\n'
		}
	}
	l.findHashes(p)
	if last := bytes.LastIndexByte(p, '\n'); last >= 0 {
		l.line += bytes.Count(p, []byte("\n"))
		l.length = n - 1 - last
	} else if l.length += n; l.length > maxLine {
		return 0, errLongLine
	}
	return n, err
}

// findHashes notes the lines that begin in p with #.
func (l *textLines) findHashes(p []byte) {
	if bytes.IndexByte(p, '#') < 0 {
		return
	}
	if p[0] == '#' && l.length == 0 {
		l.hashes = append(l.hashes, l.line+1)
	}
	line := l.line + 1
	for {
		k := bytes.IndexByte(p, '\n')
		if k < 0 || k+1 >= len(p) {
			return
		}
		p = p[k+1:]
		line++
		if p[0] == '#' {
			l.hashes = append(l.hashes, line)
		}
	}
}

// hash reports whether the given line begins with #, and forgets the lines
// before it.
func (l *textLines) hash(line int) bool {
	for len(l.hashes) > 0 && l.hashes[0] < line {
		l.hashes = l.hashes[1:]
	}
	return len(l.hashes) > 0 && l.hashes[0] == line
}
