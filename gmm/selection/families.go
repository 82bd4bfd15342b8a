package selection

import (
	"strings"

	"likely/gmm"
)

// Families is a list of families of covariances, written as their names with commas
// between them; nil, all that differ for the data, is written all.
type Families []gmm.Covariance

// UnmarshalText reads all, or names that [gmm.ParseCovariance] knows.
func (f *Families) UnmarshalText(text []byte) error {
	if string(text) == "all" {
		*f = nil
		return nil
	}
	var list Families
	for name := range strings.SplitSeq(string(text), ",") {
		c, err := gmm.ParseCovariance(strings.TrimSpace(name))
		if err != nil {
			return err
		}
		list = append(list, c)
	}
	*f = list
	return nil
}

// MarshalText returns the names.
func (f Families) MarshalText() ([]byte, error) {
	if f == nil {
		return []byte("all"), nil
	}
	var names []string
	for _, c := range f {
		names = append(names, c.String())
	}
	return []byte(strings.Join(names, ",")), nil
}

// String returns the names.
func (f Families) String() string {
	text, _ := f.MarshalText() // which has no error
	return string(text)
}

// Resolved returns the families themselves for rows of d columns.
func (f Families) Resolved(d int) Families {
	switch {
	case f != nil:
		return f
	case d == 1:
		return Families{gmm.Tied, gmm.Full} // the others are these by other names
	}
	return gmm.Covariances()
}
