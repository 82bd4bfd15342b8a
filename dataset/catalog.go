package dataset

import (
	"cmp"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed data
var embedded embed.FS

// Entry describes a known dataset without reading it.
type Entry struct {
	Name      string
	Title     string // one line
	Rows, Dim int    // of the training data where there is a test set
	TestRows  int    // of the test set that comes with the data, or 0
	Embedded  bool   // part of the program
	Synthetic bool   // drawn from a known density
	Source    string
	Licence   string
	SHA256    string       // see Dataset.SHA256; empty for synthetic data
	Note      string       // what a user should know, or empty
	Files     []RemoteFile // what to fetch where it is not embedded
	Folder    string       // where the files were found on this machine, or empty

	file    string         // name among the embedded files
	options Options        // for reading it
	dress   func(*Dataset) // adds what the file does not say
	curve   *curve         // the density, of synthetic data
}

// RemoteFile is a file of a dataset that is not embedded.
type RemoteFile struct {
	Name   string // file name inside the dataset's folder
	URL    string // where it is published
	SHA256 string // of the contents after gunzip, in hexadecimal: mirrors compress differently
}

// catalog holds every known dataset, in the order of [List].
var catalog = []Entry{
	{
		Name: "faithful", Title: "eruptions of the Old Faithful geyser: length and wait to the next, minutes",
		Rows: 272, Dim: 2, Embedded: true, file: "faithful.csv",
		Source:  "W. Härdle (1991), Smoothing Techniques with Implementation in S, Springer; A. Azzalini and A. W. Bowman (1990), A look at some data on the Old Faithful geyser, Applied Statistics 39, 357–365; the copy of R's package datasets",
		Licence: "measurements, published without terms; R, which they are copied from, is GPL-2 | GPL-3",
		SHA256:  "2da9ef67231ab7542d2ec3e5a741a8d53ada92a24103195ce7d1f9b8e36a986d",
	},
	{
		Name: "iris", Title: "sepals and petals of three species of iris, cm",
		Rows: 150, Dim: 4, Embedded: true, file: "iris.csv", dress: dressIris,
		Source:  "E. Anderson (1935), The irises of the Gaspé Peninsula, Bulletin of the American Iris Society 59, 2–5; R. A. Fisher (1936), The use of multiple measurements in taxonomic problems, Annals of Eugenics 7, 179–188; the copy of R's package datasets",
		Licence: "public domain",
		SHA256:  "3440f5c22eec350218c83d2c173e033abcfe78546c7caea7dc5388253ebef2ad",
		Note:    "the values are Fisher's; the copy at UCI differs in two flowers",
	},
	{
		Name: "galaxies", Title: "velocities of galaxies in the Corona Borealis region, km/s",
		Rows: 82, Dim: 1, Embedded: true, file: "galaxies.csv",
		Source:  "M. Postman, J. P. Huchra and M. J. Geller (1986), Probes of large-scale structures in the Corona Borealis region, Astronomical Journal 92, 1238–1247; K. Roeder (1990), Density estimation with confidence sets exemplified by superclusters and voids in galaxies, JASA 85, 617–624; the copy of R's package MASS, corrected",
		Licence: "measurements, published without terms; MASS, which they are copied from, is GPL-2 | GPL-3",
		SHA256:  "5da11fc55e8ebc2ffd2172b25f4c42b3ba335a3c4e0f3041ef453b9e84dd04c0",
		Note:    "value 78 is 26690 as published; MASS has 26960",
	},
	{
		Name: "acidity", Title: "acidity index of lakes in the north-east of the USA, ln(ANC + 50)",
		Rows: 155, Dim: 1, Embedded: true, file: "acidity.csv",
		Source:  "S. L. Crawford, M. H. DeGroot, J. B. Kadane and M. J. Small (1992), Modeling lake-chemistry distributions, Technometrics 34, 441–453; S. L. Crawford (1994), An application of the Laplace method to finite mixture distributions, JASA 89, 259–267; the copy of R's package mclust",
		Licence: "measurements, published without terms; mclust, which they are copied from, is GPL-2 or later",
		SHA256:  "651608c43a1c51de444fc8dbfb1c648ed822114c77ae8782d6d8d6cea04542a4",
	},
	{
		Name: "diabetes", Title: "glucose, insulin and insulin resistance (steady-state plasma glucose) of patients",
		Rows: 145, Dim: 3, Embedded: true, file: "diabetes.csv",
		Source:  "G. M. Reaven and R. G. Miller (1979), An attempt to define the nature of chemical diabetes using a multidimensional analysis, Diabetologia 16, 17–24; the copy of R's package mclust",
		Licence: "measurements, published without terms; mclust, which they are copied from, is GPL-2 or later",
		SHA256:  "213689e5bcaa18cf3f13beec8bcac0c0a7646ecb3d5fc4653fa627588aa90eba",
		Note:    "row 104 has insulin 45 as in mclust's copy, on which published results rest; mclust's own vignette corrects it to 455",
	},
	{
		Name: "wreath", Title: "14 Gaussian clusters of equal size and shape, turned, on a ring",
		Rows: 1000, Dim: 2, Embedded: true, file: "wreath.csv",
		Source:  "simulated: C. Fraley, A. E. Raftery and R. Wehrens (2005), Incremental model-based clustering for large datasets with small clusters, Journal of Computational and Graphical Statistics 14, 529–546; the copy of R's package mclust",
		Licence: "simulated numbers, published without terms; mclust, which they are copied from, is GPL-2 or later",
		SHA256:  "21c5a34d6284297068f37d616f1defcf0d3307ab485d857a2da26b3b737e592d",
	},
	{
		Name: "digits", Title: "handwritten digits, 8×8 pixels of 17 levels",
		Rows: 1797, Dim: 64, Embedded: true, file: "digits.csv.gz", options: Options{Label: "65"}, dress: dressDigits,
		Source:  "E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, doi:10.24432/C50P49; the 1797 test rows, in the copy of scikit-learn",
		Licence: "CC BY 4.0",
		SHA256:  "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8",
		Note:    "levels 0 to 16: dequantise, or binarise, before fitting a density; three border pixels are always 0",
	},
	{
		Name: "penguins", Title: "penguins of three species in the Palmer Archipelago: island, bill, flipper, weight, sex; with gaps",
		Rows: 344, Dim: 6, Embedded: true, file: "penguins.csv", options: Options{Label: "species", Missing: true, Categories: true}, dress: dressPenguins,
		Source:  "K. B. Gorman, T. D. Williams and W. R. Fraser (2014), Ecological sexual dimorphism and environmental variability within a community of Antarctic penguins (genus Pygoscelis), PLoS ONE 9(3), e90081; A. M. Horst, A. P. Hill and K. B. Gorman (2020), palmerpenguins; the copy of the package vega-datasets",
		Licence: "CC0 1.0",
		SHA256:  "a3f59e5be4e6848653124d993524b7922c3eb8e40eb5c23edafc9ec75e30d7e6",
		Note:    "columns of sizes (mm, g) and of categories; two birds lack all sizes, eleven their sex",
	},
	{
		Name: "answers", Title: "simulated: yes or no to twelve questions, by people of three kinds",
		Rows: answersRows, Dim: 12, Embedded: true, file: "answers.csv", options: Options{Label: "kind"}, dress: dressAnswers,
		Source:  "simulated: drawn from a latent class model whose probabilities are known",
		Licence: "that of this program",
		SHA256:  "1bff2352ba654aeadab550e7ceb048633ebab3fa1efcb8d61387ab4588cc8f11",
		Note:    "0 and 1; no model has on average more than the density that the rows were drawn from",
	},
	{
		Name: "mnist", Title: "handwritten digits, 28×28 pixels of 256 levels",
		Rows: 60000, Dim: 784, TestRows: 10000,
		Source:  "Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of handwritten digits; Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998), Gradient-based learning applied to document recognition, Proceedings of the IEEE 86, 2278–2324",
		Licence: "CC BY-SA 3.0",
		SHA256:  "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
		Files: idxFiles("https://ossci-datasets.s3.amazonaws.com/mnist/",
			"ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
			"65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
			"0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
			"ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
	},
	{
		Name: "fashion-mnist", Title: "articles of clothing, 28×28 pixels of 256 levels",
		Rows: 60000, Dim: 784, TestRows: 10000, dress: dressFashion,
		Source:  "H. Xiao, K. Rasul and R. Vollgraf (2017), Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms, arXiv:1708.07747; Zalando SE",
		Licence: "MIT",
		SHA256:  "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
		Files: idxFiles("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
			"c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
			"bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
			"5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
			"0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
	},
}

// idxFiles lists the four files of a dataset in the form of MNIST.
func idxFiles(base string, sums ...string) []RemoteFile {
	names := []string{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"}
	files := make([]RemoteFile, len(names))
	for i, name := range names {
		files[i] = RemoteFile{Name: name, URL: base + name, SHA256: sums[i]}
	}
	return files
}

func dressIris(d *Dataset) {
	d.LabelNames = []string{"setosa", "versicolor", "virginica"}
	d.Labels = make([]int, d.Rows())
	for i := range d.Labels {
		d.Labels[i] = i / 50
	}
}

// dressPenguins numbers the species as the names are sorted.
func dressPenguins(d *Dataset) {
	names, codes := sortLevels(d.LabelNames)
	for i, k := range d.Labels {
		d.Labels[i] = int(codes[k])
	}
	d.LabelNames = names
}

func dressDigits(d *Dataset) {
	d.Step, d.Lo, d.Hi = 1, 0, 16
	d.Height, d.Width = 8, 8
}

func dressFashion(d *Dataset) {
	d.LabelNames = []string{"T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"}
}

// List returns all known datasets, those of real data first.
func List() []Entry {
	entries := append(slices.Clone(catalog), syntheticEntries()...)
	for i := range entries {
		entries[i].Folder = entries[i].find()
	}
	return entries
}

// Info returns the description of a known dataset. An unknown name is an
// error that wraps [ErrUnknown] and suggests what may have been meant.
func Info(name string) (Entry, error) {
	entry, known := lookup(name)
	if !known {
		return Entry{}, unknown(name)
	}
	entry.Folder = entry.find()
	return entry, nil
}

func lookup(name string) (Entry, bool) {
	for _, entry := range append(slices.Clone(catalog), syntheticEntries()...) {
		if strings.EqualFold(entry.Name, name) {
			return entry, true
		}
	}
	return Entry{}, false
}

// find returns the folder on this machine that holds the files of an entry
// that is not embedded, or nothing: the first of $LIKELY_DATA/NAME,
// data/NAME and ../shared/data/NAME, the last two from the working folder and
// from those above it up to the root of the module.
func (e Entry) find() string {
	if len(e.Files) == 0 {
		return ""
	}
	for _, root := range dataRoots() {
		folder := filepath.Join(root, e.Name)
		if _, err := findIDX(folder, "train-images"); err == nil {
			return folder
		}
	}
	return ""
}

func dataRoots() []string {
	var roots []string
	for _, root := range filepath.SplitList(os.Getenv("LIKELY_DATA")) {
		if root != "" {
			roots = append(roots, root)
		}
	}
	dir, err := os.Getwd()
	for err == nil {
		roots = append(roots, filepath.Join(dir, "data"), filepath.Join(dir, "..", "shared", "data"))
		_, missing := os.Stat(filepath.Join(dir, "go.mod"))
		parent := filepath.Dir(dir)
		if missing == nil || parent == dir {
			break
		}
		dir = parent
	}
	return roots
}

// absent says how to get the files of a dataset that is not on this machine.
func (e Entry) absent() error {
	names := make([]string, len(e.Files))
	for i, file := range e.Files {
		names[i] = file.Name
	}
	base := strings.TrimSuffix(e.Files[0].URL, e.Files[0].Name)
	return fmt.Errorf("dataset: %s: %w; put %s from %s into a folder DIR/%s and set LIKELY_DATA=DIR",
		e.Name, ErrAbsent, strings.Join(names, ", "), base, e.Name)
}

// unknown suggests the names that are close to one that is not known.
func unknown(name string) error {
	type match struct {
		name     string
		distance int
	}
	var near []match
	var all []string
	asked := strings.ToLower(name)
	for _, entry := range append(slices.Clone(catalog), syntheticEntries()...) {
		all = append(all, entry.Name)
		word, _, _ := strings.Cut(entry.Name, "-")
		distance := min(editDistance(asked, entry.Name), editDistance(asked, word))
		if distance <= max(1, len(asked)/3) || len(asked) >= 3 && strings.HasPrefix(entry.Name, asked) {
			near = append(near, match{entry.Name, distance})
		}
	}
	slices.SortStableFunc(near, func(a, b match) int { return cmp.Compare(a.distance, b.distance) })
	if len(near) > 0 {
		names := make([]string, 0, 3)
		for _, m := range near[:min(3, len(near))] {
			names = append(names, m.name)
		}
		return fmt.Errorf("dataset: %q is neither a file nor a known name: %w; did you mean %s?", name, ErrUnknown, strings.Join(names, " or "))
	}
	return fmt.Errorf("dataset: %q is neither a file nor a known name: %w; give the path of a file or one of %s", name, ErrUnknown, strings.Join(all, ", "))
}

// editDistance is the number of letters to insert, delete or replace, or of
// neighbours to swap, that turn a into b (Damerau 1964, without edits of
// swapped letters).
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	table := make([][]int, len(x)+1)
	for i := range table {
		table[i] = make([]int, len(y)+1)
		table[i][0] = i
	}
	for j := range table[0] {
		table[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			replaced := 1
			if x[i-1] == y[j-1] {
				replaced = 0
			}
			best := min(table[i-1][j]+1, table[i][j-1]+1, table[i-1][j-1]+replaced)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				best = min(best, table[i-2][j-2]+1)
			}
			table[i][j] = best
		}
	}
	return table[len(x)][len(y)]
}
