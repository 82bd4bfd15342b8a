// Command tables repeats published tables of held-out log p(x), one subcommand each:
//
//	go run ./bench/tables rnade FOLDER
//	go run ./bench/tables debd FOLDER
//
// rnade: two small tables of real numbers (Uria, Murray & Larochelle 2013). FOLDER holds
// red_wine.csv and parkinsons.csv. debd: binary tables in three parts (Van Haaren & Davis
// 2012). FOLDER holds, for each table, NAME.train.csv.gz, NAME.valid.csv.gz and
// NAME.test.csv.gz.
//
// Each prints ours, the published value, the difference, and what differs in protocol.
// Everything that was computed is kept in the file --state, so that the same command
// goes on where an interrupted one was.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

// table is a published table that can be repeated.
type table struct {
	name  string
	data  []string // data sets of the table
	model []string
	run   func(ctx context.Context, o options) error
}

// options are the flags of all tables.
type options struct {
	folder       string
	data, models []string
	folds        int
	seed         uint64
	samples      int
	effort       float64
	store        *store
}

func tables() []table {
	return []table{
		{"rnade", []string{"red_wine", "parkinsons"}, names(continuousModels()), runRNADE},
		{"debd", []string{"nltcs", "plants", "jester", "dna"}, names(binaryModels()), runDEBD},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "tables:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var known []string
	for _, t := range tables() {
		known = append(known, t.name)
		if len(args) == 0 || args[0] != t.name {
			continue
		}
		o := options{}
		flags := flag.NewFlagSet(t.name, flag.ContinueOnError)
		data := flags.String("data", strings.Join(t.data, ","), "data sets, separated by commas")
		models := flags.String("models", strings.Join(t.model, ","), "models, separated by commas")
		state := flags.String("state", "", "file that keeps what was computed; empty: none")
		flags.Uint64Var(&o.seed, "seed", 1, "seed of all randomness")
		flags.IntVar(&o.samples, "samples", 5000, "codes drawn for each row to estimate log p of a vae")
		flags.Float64Var(&o.effort, "effort", 1, "training of the networks, relative to their default number of steps")
		if t.name == "rnade" {
			flags.IntVar(&o.folds, "folds", 10, "how many of the ten folds to compute")
		}
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		var err error
		if o.data, err = among(*data, t.data, "--data"); err != nil {
			return err
		}
		if o.models, err = among(*models, t.model, "--models"); err != nil {
			return err
		}
		if flags.NArg() != 1 {
			return fmt.Errorf("want one folder with the data: go run ./bench/tables %s [flags] FOLDER", t.name)
		}
		if t.name == "rnade" && (o.folds < 1 || o.folds > folds) || o.samples < 1 || !(o.effort > 0) {
			return fmt.Errorf("--folds is 1 to %d, --samples at least 1, --effort positive", folds)
		}
		o.folder = flags.Arg(0)
		if o.store, err = openStore(*state); err != nil {
			return err
		}
		return t.run(ctx, o)
	}
	return fmt.Errorf("want the name of a table, one of %s", strings.Join(known, ", "))
}

// among splits a list, each element of which must be one of the known.
func among(list string, known []string, flag string) ([]string, error) {
	var out []string
	for name := range strings.SplitSeq(list, ",") {
		found := false
		for _, k := range known {
			found = found || k == name
		}
		if !found {
			return nil, fmt.Errorf("%s %q: want some of %s", flag, name, strings.Join(known, ","))
		}
		out = append(out, name)
	}
	return out, nil
}
