"use strict";
// The worker: it loads the Go program and hands it one message after the other.
importScripts("wasm_exec.js");

async function load() {
  const response = await fetch("lab.wasm.gz");
  if (!response.ok) throw new Error("lab.wasm.gz: " + response.status);
  let bytes = await response.arrayBuffer();
  const head = new Uint8Array(bytes, 0, 2);
  if (head[0] === 0x1f && head[1] === 0x8b) { // some servers unpack it themselves
    bytes = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  }
  const go = new Go();
  const { instance } = await WebAssembly.instantiate(bytes, go.importObject);
  go.run(instance);
}

const ready = load().then(() => postMessage({ ready: true }), e => { postMessage({ failed: String(e.message || e) }); throw e; });

onmessage = async event => {
  try { await ready; } catch { return; }
  const begin = performance.now();
  const [text, mixture, network] = self.likely(JSON.stringify(event.data.request));
  postMessage({ id: event.data.id, answer: JSON.parse(text), mixture, network, took: performance.now() - begin }, [mixture.buffer, network.buffer]);
};
