// Command fairness measures whether a comparison is fair, one subcommand each:
//
//	go run ./bench/fairness grid FOLDER
//	go run ./bench/fairness study
//
// grid: what the default run reaches on eight tables, beside the best of a grid of sizes
// of which each is fitted for itself. FOLDER holds the tables that are not built in:
// 28_pendigits.npz and 30_satellite.npz of ADBench (Han et al. 2022), red_wine.csv of UCI,
// the debd tables nltcs.train.csv.gz and nltcs.test.csv.gz; MNIST is found where
// compare data finds it.
//
// study: how often the verdict of a run is right, on data of which the truth is known:
// drawn from a mixture, from a linear autoencoder, and from a curved one.
//
// Everything that was computed is kept in the folder --state, so that the same command
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

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "fairness:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	const known = "grid, study"
	if len(args) == 0 {
		return fmt.Errorf("want one of %s", known)
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	state := flags.String("state", "", "folder that keeps what was computed; empty: none")
	seed := flags.Uint64("seed", 1, "seed of all randomness")
	switch args[0] {
	case "grid":
		names := flags.String("tables", strings.Join(tableNames(), ","), "tables, separated by commas")
		most := flags.Int("candidates", 0, "most candidates of each family; 0: all of the grid")
		budget := flags.Float64("budget", 0, "floating-point operations for each family of the default run, and for each candidate; 0: as the run has it, and four times that")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		chosen, err := tablesOf(*names)
		if err != nil {
			return err
		}
		if flags.NArg() > 1 || *most < 0 || !(*budget >= 0) {
			return fmt.Errorf("want go run ./bench/fairness grid [flags] FOLDER, --candidates and --budget not below 0")
		}
		g := &grid{store: store{*state}, folder: flags.Arg(0), seed: *seed, most: *most, budget: *budget}
		return g.run(ctx, chosen)
	case "study":
		s := &study{}
		flags.IntVar(&s.seeds, "seeds", 20, "data sets of each kind")
		flags.IntVar(&s.rows, "rows", 1000, "rows of each")
		flags.Float64Var(&s.budget, "budget", 0, "floating-point operations for each family; 0: as the run has it")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		if flags.NArg() > 0 || s.seeds < 1 || s.rows < 50 || !(s.budget >= 0) {
			return fmt.Errorf("want go run ./bench/fairness study [flags], --seeds of 1 or more, --rows of 50 or more")
		}
		s.store, s.seed = store{*state}, *seed
		return s.run(ctx)
	}
	return fmt.Errorf("unknown subcommand %q; want one of %s", args[0], known)
}
