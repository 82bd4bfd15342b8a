"use strict";
(function () {
  const $ = id => document.getElementById(id);
  const query = new URLSearchParams(location.search);
  // The state that a link carries.
  const state = {
    set: query.get("set") || "moons", components: clamp(query.get("k"), 1, 12, 4), latent: clamp(query.get("latent"), 1, 2, 2), sigma: query.get("sigma") || "shared",
    penalty: query.get("penalty") !== "0", seed: clamp(query.get("seed"), 0, 2 ** 31, 1), lang: query.get("lang") || (navigator.language.startsWith("zh") ? "zh" : "en"), more: query.get("more") === "1", ask: query.get("ask") !== "0",
  };
  if (!WORDS[state.lang]) state.lang = "en";
  function clamp(text, low, high, usual) { const v = parseInt(text, 10); return v >= low && v <= high ? v : usual; }
  function link() {
    const q = new URLSearchParams({ set: state.set, k: state.components, latent: state.latent, sigma: state.sigma, penalty: state.penalty ? 1 : 0, seed: state.seed, lang: state.lang, more: state.more ? 1 : 0, ask: state.ask ? 1 : 0 });
    history.replaceState(null, "", "?" + q);
  }
  const word = key => WORDS[state.lang][key];
  const num = (v, places = 3) => v.toFixed(places).replace("-", "−");

  function translate() {
    document.documentElement.lang = state.lang;
    document.title = word("title");
    for (const e of document.querySelectorAll("[data-t]")) e.textContent = word(e.dataset.t);
    $("run").textContent = word(running ? "stop" : "run");
    if (last) showNumbers();
    if (view.ready) say(word("ready"));
  }
  function say(text, error) {
    $("status").textContent = text;
    $("status").className = error ? "error" : "";
    $("status").removeAttribute("data-t");
  }

  // The worker, asked one thing after the other.
  let worker, waiting = new Map(), asked = 0;
  function ask(request) {
    return new Promise((done, fail) => {
      waiting.set(++asked, { done, fail });
      worker.postMessage({ id: asked, request });
    });
  }
  function start() {
    if (typeof Worker === "undefined" || typeof WebAssembly === "undefined" || typeof DecompressionStream === "undefined") return say(word("noWasm"), true);
    worker = new Worker("worker.js");
    worker.onerror = e => { say(word("failed") + ": " + (e.message || "worker.js"), true); };
    worker.onmessage = event => {
      const m = event.data;
      if (m.failed) return say(word("failed") + ": " + m.failed, true);
      if (m.ready) return fetch("sets.json").then(r => r.json()).then(ready, e => say(word("failed") + ": " + e.message, true));
      const w = waiting.get(m.id);
      waiting.delete(m.id);
      view.took = m.took;
      if (m.answer.error) w.fail(new Error(m.answer.error)); else w.done(m);
    };
  }

  const view = window.likelyView = { ready: false, busy: false, steps: 0 };
  let sets = {}, points = [], last = null, fields = null, frame = null, running = false, code = null, row = -1, known = new Set();

  function ready(all) {
    sets = all;
    for (const name of Object.keys(sets)) $("set").append(new Option(name, name));
    $("set").append(new Option(word("own"), "own"));
    if (!sets[state.set]) state.set = "moons";
    $("set").value = state.set;
    translate();
    return restart(sets[state.set]);
  }

  // A task keeps the buttons still while it computes; a fault is a sentence.
  async function task(work) {
    if (view.busy) return;
    view.busy = true;
    try { await work(); } catch (e) { say(e.message, true); running = false; translateRun(); }
    view.busy = false;
  }
  function settings() {
    return { components: state.components, latent: state.latent, sigma: state.sigma, no_penalty: !state.penalty, seed: state.seed };
  }
  function restart(from, csv) {
    return task(async () => {
      running = false; translateRun();
      say(word("working"));
      const m = await ask(csv ? { do: "start", csv, settings: settings() } : { do: "start", points: from, settings: settings() });
      points = [];
      for (let i = 0; i < m.answer.points.length; i += 2) points.push([m.answer.points[i], m.answer.points[i + 1]]);
      frame = frameOf(points);
      code = null; row = -1; view.steps = 0; view.decoded = null;
      last = m.answer;
      showNumbers();
      await look();
      view.ready = true;
      link();
      say(points.length + " " + word("points") + ". " + word("ready"));
    });
  }
  function frameOf(list) {
    const from = [0, 1].map(j => Math.min(...list.map(p => p[j]))), to = [0, 1].map(j => Math.max(...list.map(p => p[j])));
    for (const j of [0, 1]) { const pad = (to[j] - from[j]) * .18; from[j] -= pad; to[j] += pad; }
    return { from, to };
  }
  const drawsOf = () => { const k = +$("draws").value; return k === 11 ? 0 : 2 ** k; };
  async function look(quick) {
    const m = await ask({ do: "look", frame: { ...frame, nodes: quick ? 36 : 48 }, draws: drawsOf() || (quick ? 256 : 0) });
    fields = { mixture: m.mixture, network: m.network, nodes: quick ? 36 : 48 };
    view.high = Math.max(top(fields.mixture), top(fields.network));
    draw();
  }
  function top(field) { let v = -Infinity; for (const x of field) if (x > v) v = x; return v; }

  const actions = {
    e: { do: "half", mixture: "e" }, m: { do: "half", mixture: "m" },
    encoder: { do: "half", network: "encoder", steps: 40 }, decoder: { do: "half", network: "decoder", steps: 40 },
  };
  function half(name) {
    return task(async () => {
      last = (await ask(actions[name])).answer;
      view.steps++;
      showNumbers();
      await look();
    });
  }
  for (const name of Object.keys(actions)) $(name).addEventListener("click", () => {
    if (state.ask && !known.has(name)) question(name); else half(name);
  });
  // One question before the first step of each kind.
  function question(name) {
    const box = $("question");
    box.textContent = "";
    const p = document.createElement("p");
    p.textContent = word("ask_" + name);
    const choices = document.createElement("p");
    choices.className = "bar";
    for (const answer of ["rise", "stay", "fall"]) {
      const b = document.createElement("button");
      b.type = "button";
      b.textContent = word(answer);
      b.addEventListener("click", async () => {
        known.add(name);
        await half(name);
        choices.remove();
        p.textContent = word(answer === word("right_" + name) ? "right" : "wrong") + " " + word("why_" + name);
        $(name).focus();
      });
      choices.append(b);
    }
    box.append(p, choices);
    choices.querySelector("button").focus();
  }
  function translateRun() { $("run").textContent = word(running ? "stop" : "run"); $("run").setAttribute("aria-pressed", running); }
  $("run").addEventListener("click", () => {
    if (running) { running = false; return translateRun(); }
    task(async () => {
      running = true; translateRun();
      for (let tick = 0; running; tick++) {
        const m = await ask({ do: "half", mixture: tick % 2 ? "m" : "e", network: "both", steps: 4, quiet: tick % 12 !== 11 });
        last = { ...last, ...m.answer };
        view.steps++;
        if (m.answer.mixture) showNumbers();
        await look(true);
      }
      last = { ...last, ...(await ask({ do: "half" })).answer };
      showNumbers();
      await look();
    });
  });

  // Numbers as stacked bars: ELBO up to its value, and KL from there to log p.
  function showNumbers() {
    const both = [last.mixture, last.network];
    const high = Math.max(...both.map(n => n.log_prob));
    const least = Math.max(Math.min(...both.map(n => n.elbo)), high - 12);
    // The scale follows the numbers, so that a parting of some hundredths is seen.
    const low = least - .6 * Math.max(high - least, .25);
    const width = v => Math.min(Math.max(100 * (v - low) / (high - low + .04 * (high - low)), 0), 100);
    both.forEach((n, i) => {
      const box = $(["stack-mixture", "stack-network"][i]);
      box.textContent = "";
      box.dataset.numbers = JSON.stringify(n);
      const rail = document.createElement("div");
      rail.className = "rail";
      rail.setAttribute("role", "img");
      rail.setAttribute("aria-label", `log p ${num(n.log_prob)} = ELBO ${num(n.elbo)} + KL ${num(n.kl)}`);
      for (const [name, left, right] of [["elbo", 0, width(n.elbo)], ["kl", width(n.elbo), width(n.log_prob)]]) {
        const bar = document.createElement("i");
        bar.className = name;
        bar.style.left = left + "%";
        bar.style.width = Math.max(right - left, 0) + "%";
        rail.append(bar);
      }
      const mark = document.createElement("i");
      mark.className = "mark";
      mark.style.left = `calc(${width(n.log_prob)}% - 1px)`;
      rail.append(mark);
      const list = document.createElement("dl");
      const rows = [["logp", n.log_prob, "var(--ink)"], ["elbo", n.elbo, "var(--elbo)"], ["kl", n.kl, "var(--kl)"]];
      if (state.more) { rows.push(["rate", n.rate, ""]); if (i === 1) rows.push(["error", n.error, ""]); }
      for (const [key, v, c] of rows) {
        const t = document.createElement("dt"), d = document.createElement("dd");
        t.textContent = word(key);
        if (c) t.style.setProperty("--c", c);
        d.textContent = key === "error" ? v.toExponential(0) : num(v);
        list.append(t, d);
      }
      box.append(rail, list);
    });
  }

  const viridis = [[68, 1, 84], [71, 45, 123], [59, 82, 139], [44, 114, 142], [33, 145, 140], [40, 174, 128], [94, 201, 98], [173, 220, 48], [253, 231, 37]];
  const table = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) { const t = i / 255 * 8, k = Math.min(Math.floor(t), 7); for (let c = 0; c < 3; c++) table[3 * i + c] = viridis[k][c] * (1 - t + k) + viridis[k + 1][c] * (t - k); }
  const depth = 9, spare = document.createElement("canvas");
  const place = (canvas, p) => [(p[0] - frame.from[0]) / (frame.to[0] - frame.from[0]) * canvas.width, (1 - (p[1] - frame.from[1]) / (frame.to[1] - frame.from[1])) * canvas.height];

  function draw() {
    if (!fields) return;
    for (const name of ["mixture", "network"]) plane($("plane-" + name), fields[name], name);
    $("low").textContent = "≤ " + num(view.high - depth, 1);
    $("high").textContent = num(view.high, 1);
    codes();
  }
  function plane(canvas, field, name) {
    const ctx = canvas.getContext("2d"), n = fields.nodes, image = new ImageData(n, n);
    for (let i = 0; i < n * n; i++) {
      const c = 3 * Math.round(255 * Math.min(Math.max(1 + (field[i] - view.high) / depth, 0), 1));
      image.data[4 * i] = table[c]; image.data[4 * i + 1] = table[c + 1]; image.data[4 * i + 2] = table[c + 2]; image.data[4 * i + 3] = 255;
    }
    spare.width = spare.height = n;
    spare.getContext("2d").putImageData(image, 0, 0);
    ctx.imageSmoothingEnabled = true;
    ctx.drawImage(spare, 0, 0, canvas.width, canvas.height);
    points.forEach((p, i) => dot(ctx, place(canvas, p), i === row && name === "network" ? 6 : 2.6, "#fff"));
    if (name === "mixture") for (const e of last.ellipses) { const list = []; for (let i = 0; i < e.length; i += 2) list.push(place(canvas, [e[i], e[i + 1]])); outline(ctx, list); }
    else if (view.decoded) {
      const { mean, sd } = view.decoded, list = [];
      for (let i = 0; i < 48; i++) list.push(place(canvas, [mean[0] + 1.794 * sd[0] * Math.cos(i * Math.PI / 24), mean[1] + 1.794 * sd[1] * Math.sin(i * Math.PI / 24)]));
      outline(ctx, list);
    }
  }
  function dot(ctx, [x, y], r, fill) { ctx.beginPath(); ctx.arc(x, y, r, 0, 7); ctx.fillStyle = fill; ctx.fill(); ctx.lineWidth = .8; ctx.strokeStyle = "#000"; ctx.stroke(); }
  function outline(ctx, list) {
    ctx.beginPath();
    list.forEach(([x, y], i) => i ? ctx.lineTo(x, y) : ctx.moveTo(x, y));
    ctx.closePath();
    ctx.lineWidth = 3.4; ctx.strokeStyle = "rgba(0,0,0,.6)"; ctx.stroke();
    ctx.lineWidth = 1.7; ctx.strokeStyle = "#fff"; ctx.stroke();
  }

  // The code space, 3.2 standard deviations of the prior to each side.
  const wide = 3.2;
  const atCode = (canvas, z) => { const u = canvas.height / 2 / wide; return [canvas.width / 2 + z[0] * u * (last.latent === 1 ? canvas.width / canvas.height : 1), canvas.height / 2 - (z[1] || 0) * u]; };
  function codes() {
    const canvas = $("codes"), ctx = canvas.getContext("2d"), style = getComputedStyle(document.body), L = last.latent, u = canvas.height / 2 / wide;
    ctx.fillStyle = style.getPropertyValue("--paper"); ctx.fillRect(0, 0, canvas.width, canvas.height);
    ctx.strokeStyle = style.getPropertyValue("--soft"); ctx.lineWidth = 1;
    for (const r of [1, 2]) {
      ctx.beginPath();
      if (L === 2) ctx.arc(canvas.width / 2, canvas.height / 2, r * u, 0, 7); else for (const s of [-r, r]) { const [x] = atCode(canvas, [s]); ctx.moveTo(x, 0); ctx.lineTo(x, canvas.height); }
      ctx.stroke();
    }
    ctx.strokeStyle = style.getPropertyValue("--elbo"); ctx.fillStyle = style.getPropertyValue("--elbo");
    points.forEach((p, i) => {
      ctx.globalAlpha = i === row ? 1 : .45;
      ctx.lineWidth = i === row ? 3 : 1;
      ctx.beginPath();
      if (L === 2) { const [x, y] = atCode(canvas, last.mean.slice(2 * i, 2 * i + 2)); ctx.ellipse(x, y, last.sd[2 * i] * u, last.sd[2 * i + 1] * u, 0, 0, 7); }
      else { const y = canvas.height * (.08 + .84 * (i + .5) / points.length), [a] = atCode(canvas, [last.mean[i] - last.sd[i]]), [b] = atCode(canvas, [last.mean[i] + last.sd[i]]); ctx.moveTo(a, y); ctx.lineTo(b, y); }
      ctx.stroke();
    });
    ctx.globalAlpha = 1;
    if (code) dot(ctx, atCode(canvas, code), 6, style.getPropertyValue("--kl"));
  }
  let decoding = false;
  async function decode(z) {
    code = z;
    if (decoding || !view.ready) return;
    decoding = true;
    try {
      view.decoded = (await ask({ do: "decode", code })).answer;
      $("decoded").textContent = word("at") + " (" + code.map(v => num(v, 2)).join(", ") + "): N((" + view.decoded.mean.map(v => num(v, 2)).join(", ") + "), (" + view.decoded.sd.map(v => num(v, 2)).join(", ") + ")²)";
      draw();
    } catch (e) { say(e.message, true); }
    decoding = false;
  }
  const spot = (canvas, e) => { const b = canvas.getBoundingClientRect(); return [(e.clientX - b.left) / b.width * canvas.width, (e.clientY - b.top) / b.height * canvas.height]; };
  $("codes").addEventListener("pointerdown", e => { e.target.setPointerCapture(e.pointerId); drag(e); });
  $("codes").addEventListener("pointermove", e => { if (e.buttons) drag(e); });
  function drag(e) {
    if (!last) return;
    const canvas = $("codes"), [x, y] = spot(canvas, e), u = canvas.height / 2 / wide;
    decode(last.latent === 1 ? [(x - canvas.width / 2) / u / (canvas.width / canvas.height)] : [(x - canvas.width / 2) / u, (canvas.height / 2 - y) / u]);
  }
  $("codes").addEventListener("keydown", e => {
    const step = { ArrowLeft: [-.1, 0], ArrowRight: [.1, 0], ArrowUp: [0, .1], ArrowDown: [0, -.1] }[e.key];
    if (!step || !last) return;
    e.preventDefault();
    decode((code || Array(last.latent).fill(0)).map((v, j) => v + step[j]));
  });

  // The ladder of one point.
  const ksOf = k => { const list = []; for (let i = 0; i <= k; i++) list.push(2 ** i); return list; };
  async function ladder() {
    $("k-out").textContent = 2 ** +$("k").value;
    if (row < 0) return;
    await task(async () => {
      const rungs = (await ask({ do: "ladder", row, ks: ksOf(+$("k").value) })).answer.rungs;
      view.rungs = rungs;
      const box = $("rungs"), values = rungs.map(r => r.nats), from = Math.min(...values), to = Math.max(...values);
      box.textContent = "";
      for (const r of rungs) {
        const line = document.createElement("div"), name = document.createElement("b"), rail = document.createElement("div"), bar = document.createElement("i"), value = document.createElement("span");
        line.className = "rung";
        name.textContent = r.name;
        bar.style.width = 8 + 92 * (r.nats - from) / (to - from || 1) + "%";
        value.textContent = num(r.nats);
        rail.append(bar);
        line.append(name, rail, value);
        box.append(line);
      }
      draw();
    });
  }
  $("k").addEventListener("input", ladder);
  $("plane-network").addEventListener("pointerdown", e => {
    const canvas = e.target, [x, y] = spot(canvas, e);
    let far = Infinity;
    points.forEach((p, i) => { const [a, b] = place(canvas, p), d = (a - x) ** 2 + (b - y) ** 2; if (d < far) { far = d; row = i; } });
    ladder();
  });
  $("plane-network").addEventListener("keydown", e => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!step || !points.length) return;
    e.preventDefault();
    row = (row + step + points.length) % points.length;
    ladder();
  });

  // Points of one's own, drawn on the left.
  let own = null;
  $("clear").addEventListener("click", () => {
    running = false; translateRun();
    own = [];
    $("set").value = state.set = "own";
    frame = frame || { from: [-3, -3], to: [3, 3] };
    blank();
    say(word("drawing"));
  });
  function blank() {
    const canvas = $("plane-mixture"), ctx = canvas.getContext("2d");
    ctx.fillStyle = "#440154"; ctx.fillRect(0, 0, canvas.width, canvas.height);
    for (const p of own) dot(ctx, place(canvas, p), 3, "#fff");
  }
  function addPoint(e) {
    if (!own) return;
    const canvas = $("plane-mixture"), [x, y] = spot(canvas, e);
    own.push([frame.from[0] + x / canvas.width * (frame.to[0] - frame.from[0]), frame.to[1] - y / canvas.height * (frame.to[1] - frame.from[1])]);
    blank();
    say(own.length + " " + word("points") + ". " + word("drawing"));
  }
  $("plane-mixture").addEventListener("pointerdown", addPoint);
  $("plane-mixture").addEventListener("pointermove", e => { if (e.buttons && own && own.length < 2000) addPoint(e); });

  function again(csv) {
    const from = own && state.set === "own" ? own : sets[state.set] || points;
    if (!csv && state.set === "own" && own && own.length === 0) return say(word("drawing"), true);
    own = state.set === "own" ? own : null;
    return restart(from, csv);
  }
  $("restart").addEventListener("click", () => again());
  $("set").addEventListener("change", () => { state.set = $("set").value; if (state.set === "own") $("clear").click(); else again(); });
  $("components").addEventListener("change", () => { state.components = clamp($("components").value, 1, 12, 4); $("components").value = state.components; again(); });
  $("latent").addEventListener("change", () => { state.latent = +$("latent").value; again(); });
  $("sigma").addEventListener("change", () => { state.sigma = $("sigma").value; again(); });
  $("penalty").addEventListener("change", () => { state.penalty = $("penalty").checked; again(); });
  $("lang").addEventListener("change", () => { state.lang = $("lang").value; translate(); link(); });
  $("more").addEventListener("change", () => { state.more = $("more").checked; document.body.classList.toggle("more", state.more); if (last) showNumbers(); link(); });
  $("draws").addEventListener("input", () => { $("draws-out").textContent = drawsOf() || "∞"; if (view.ready) task(() => look()); });
  async function read(file) {
    if (!file) return;
    if (file.size > 1e6) return say(file.name + ": " + Math.round(file.size / 1e6) + " MB; at most 1 MB", true);
    const text = await file.text();
    own = null;
    await again(text || "\n");
  }
  $("file").addEventListener("change", () => {
    const file = $("file").files[0];
    $("file").value = ""; // so that the same file, mended, can be opened again
    read(file);
  });
  addEventListener("dragover", e => e.preventDefault());
  addEventListener("drop", e => { e.preventDefault(); read(e.dataTransfer.files[0]); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (last) draw(); });

  $("components").value = state.components;
  $("latent").value = state.latent;
  $("sigma").value = [...$("sigma").options].some(o => o.value === state.sigma) ? state.sigma : (state.sigma = "shared");
  $("penalty").checked = state.penalty;
  $("lang").value = state.lang;
  $("more").checked = state.more;
  document.body.classList.toggle("more", state.more);
  translate();
  $("status").textContent = word("loading");
  start();
})();
