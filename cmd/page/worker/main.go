//go:build js

// Command worker is the part of the page that computes: it runs as WebAssembly in a Web
// Worker and answers messages.
package main

import (
	"encoding/json"
	"syscall/js"
	"unsafe"

	"likely/cmd/page/lab"
)

func main() {
	var server lab.Server
	// Numbers of pictures travel as an array of their own: as JSON they would take
	// longer than to compute.
	js.Global().Set("likely", js.FuncOf(func(_ js.Value, args []js.Value) any {
		answer := server.Answer([]byte(args[0].String()))
		fields := []any{floats(answer.FieldMixture), floats(answer.FieldNetwork)}
		answer.FieldMixture, answer.FieldNetwork = nil, nil
		text, err := json.Marshal(answer)
		if err != nil {
			text = []byte(`{"error":"a number is not finite; start again with other points"}`)
		}
		return append([]any{string(text)}, fields...)
	}))
	select {}
}

// floats copies numbers into an array of the browser.
func floats(values []float32) js.Value {
	array := js.Global().Get("Float32Array").New(len(values))
	if len(values) > 0 {
		bytes := js.Global().Get("Uint8Array").New(array.Get("buffer"))
		js.CopyBytesToJS(bytes, unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), 4*len(values)))
	}
	return array
}
