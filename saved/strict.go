package saved

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// checkConfig compares the configuration in a file with that of the model that
// was made of it. They must say the same: a key that nobody knows, one that is
// missing and one whose value was not taken as it stands are errors, since each
// may change the number that the model gives. Only a key that is left out when it
// has its default may be written all the same.
func checkConfig(text []byte, m *Model) error {
	given, err := object(text)
	if err != nil {
		return err
	}
	canonical, err := m.config()
	if err != nil {
		return err
	}
	want, err := object([]byte(canonical))
	if err != nil {
		return err
	}
	known := append(jsonKeys(reflect.TypeOf(familyOf(m.Fitted).config(m.Fitted))), jsonKeys(reflect.TypeFor[header]())...)
	for _, key := range sortedKeys(given) {
		if _, written := want[key]; !written && !slices.Contains(known, key) {
			return fmt.Errorf("its config has a key %s that a model of family %q does not have", short(key), m.Family())
		}
	}
	for _, key := range sortedKeys(want) {
		value, there := given[key]
		if !there {
			return fmt.Errorf("its config has no key %q; a model of family %q needs it, such as %s", key, m.Family(), short(want[key]))
		}
		if !sameJSON(value, want[key]) {
			return fmt.Errorf("its config has %s %s, which reads as %s", key, short(value), short(want[key]))
		}
	}
	return nil
}

// object splits a JSON object into its keys. encoding/json would silently take the
// last of two equal ones.
func object(text []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("its config is not a JSON object")
	}
	keys := make(map[string]json.RawMessage)
	for d.More() {
		t, err := d.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			return nil, fmt.Errorf("its config breaks off")
		}
		if _, twice := keys[key]; twice {
			return nil, fmt.Errorf("its config has the key %s twice", short(key))
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, fmt.Errorf("its config is not valid at %s: %w", short(key), err)
		}
		keys[key] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("its config breaks off")
	}
	if rest := text[d.InputOffset():]; len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("there is text after its config")
	}
	return keys, nil
}

// jsonKeys lists the keys that a struct has as JSON, those of embedded ones too.
func jsonKeys(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			keys = append(keys, jsonKeys(f.Type)...)
		case name != "-" && f.IsExported():
			keys = append(keys, name)
		}
	}
	return keys
}

// sameJSON says whether two texts are the same value. A list of nothing and null
// are.
func sameJSON(a, b json.RawMessage) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	return reflect.DeepEqual(plainValue(x), plainValue(y))
}

func plainValue(v any) any {
	if list, ok := v.([]any); ok && len(list) == 0 {
		return nil
	}
	return v
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// short shows a text of any length in a message.
func short[T string | json.RawMessage](text T) string {
	const most = 60
	s := string(text)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}
