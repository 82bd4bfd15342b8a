package compare

import (
	"os"
	"testing"
)

func TestZZProf(t *testing.T) {
	c := Default()
	c.Dataset = os.Getenv("DATA")
	c.Models = []string{os.Getenv("MODEL")}
	c.Folds = OneSplit
	_, err := (&Job{Settings: c}).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
}
