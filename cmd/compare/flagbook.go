package main

import (
	"encoding"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"likely/compare"
)

// flagBook registers flags under headings, and knows which setting each one is.
type flagBook struct {
	*pflag.FlagSet
	heading string
	// names has the flag of each setting.
	names map[string]string
}

// headings is the annotation that has the heading of a flag.
const headings = "heading"

func newFlagBook(set *pflag.FlagSet) *flagBook {
	set.SortFlags = false
	return &flagBook{FlagSet: set, names: make(map[string]string)}
}

// under sets the heading of the flags that follow.
func (b *flagBook) under(heading string) *flagBook {
	b.heading = heading
	return b
}

// note keeps heading and setting of a flag that was registered; setting "" for what is
// the command's own.
func (b *flagBook) note(setting, flag string) {
	b.SetAnnotation(flag, headings, []string{b.heading}) // fails only for a flag that is not there
	if setting != "" {
		b.names[setting] = flag
	}
}

// bind registers a flag for the setting behind p, whose value is the default.
func bind[T any](b *flagBook, register func(p *T, name string, value T, usage string), p *T, setting, flag, usage string) {
	register(p, flag, *p, usage)
	b.note(setting, flag)
}

// text registers a flag for a setting that reads itself from text.
func (b *flagBook) text(p interface {
	encoding.TextUnmarshaler
	encoding.TextMarshaler
}, setting, flag, usage string) {
	b.TextVar(p, flag, p, usage)
	b.note(setting, flag)
}

// value registers a flag of a form of its own.
func (b *flagBook) value(v pflag.Value, setting, flag, usage string) {
	b.Var(v, flag, usage)
	b.note(setting, flag)
}

// names is a list with commas.
type names []string

func (n *names) String() string { return strings.Join(*n, ",") }

func (n *names) Type() string { return "names" }

func (n *names) Set(text string) error {
	*n = nil
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" || text != "" {
			*n = append(*n, name)
		}
	}
	return nil
}

// types are COLUMN=TYPE, with commas.
type types compare.ColumnTypes

func (t *types) String() string { return compare.ColumnTypes(*t).String() }

func (t *types) Type() string { return "COL=TYPE,…" }

func (t *types) Set(text string) error {
	if *t = nil; text == "" {
		return nil
	}
	read, err := compare.ParseColumnTypes(text)
	*t = types(read)
	return err
}

// count is a number that is chosen where it is 0.
type count int

func (c *count) String() string {
	if *c == 0 {
		return "auto"
	}
	return strconv.Itoa(int(*c))
}

func (c *count) Type() string { return "int" }

func (c *count) Set(text string) error {
	if text == "auto" {
		*c = 0
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return fmt.Errorf("%q: want a number, 1 or more, or auto", text)
	}
	*c = count(n)
	return nil
}

// rate is a positive number that is chosen where it is 0.
type rate float64

func (r *rate) String() string {
	if *r == 0 {
		return "auto"
	}
	return strconv.FormatFloat(float64(*r), 'g', -1, 64)
}

func (r *rate) Type() string { return "float" }

func (r *rate) Set(text string) error {
	if text == "auto" {
		*r = 0
		return nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("%q is neither a number nor auto", text)
	}
	*r = rate(v)
	return nil
}

// layers are the sizes of hidden layers, 200,200, or none, or nil for auto.
type layers []int

func (l *layers) String() string {
	if *l == nil {
		return "auto"
	}
	if len(*l) == 0 {
		return "none"
	}
	var text []string
	for _, n := range *l {
		text = append(text, strconv.Itoa(n))
	}
	return strings.Join(text, ",")
}

func (l *layers) Type() string { return "sizes" }

func (l *layers) Set(text string) error {
	if text == "auto" {
		*l = nil
		return nil
	}
	sizes := []int{}
	if text != "none" {
		for part := range strings.SplitSeq(text, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(part))
			if err != nil || n < 1 {
				return fmt.Errorf("%q is neither a list of layer sizes such as 200,200, nor none, nor auto", text)
			}
			sizes = append(sizes, n)
		}
	}
	*l = sizes
	return nil
}

// moves is a number of moves of which 0 is none; in the settings, 0 is the default.
type moves int

func (m *moves) String() string { return strconv.Itoa(max(int(*m), 0)) }

func (m *moves) Type() string { return "int" }

func (m *moves) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return fmt.Errorf("%q: want a number of moves, 0 or more", text)
	}
	if n == 0 {
		n = -1
	}
	*m = moves(n)
	return nil
}

// usage prints how a command is called, its flags under their headings.
func usage(cmd *cobra.Command) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage:\n  %s\n", cmd.UseLine())
	if cmd.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(&b, "  %-*s %s\n", sub.NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	var order []string
	groups := make(map[string]*pflag.FlagSet)
	cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
		heading := "Other"
		if list := flag.Annotations[headings]; len(list) > 0 {
			heading = list[0]
		}
		if groups[heading] == nil {
			groups[heading] = pflag.NewFlagSet(heading, pflag.ContinueOnError)
			groups[heading].SortFlags = false
			order = append(order, heading)
		}
		groups[heading].AddFlag(flag)
	})
	for _, heading := range order {
		name := heading
		if len(order) == 1 {
			name = "Flags"
		}
		fmt.Fprintf(&b, "\n%s:\n%s", name, groups[heading].FlagUsages())
	}
	_, err := fmt.Fprint(cmd.OutOrStderr(), b.String())
	return err
}
