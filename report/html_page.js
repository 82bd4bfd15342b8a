"use strict";
(function () {
  const minus = (v, places) => v === null ? "not finite" : v.toFixed(places).replace("-", "−");
  const tip = document.getElementById("tip"), live = document.getElementById("live");

  // Tooltips, for pointer, touch and keyboard.
  function show(text, x, y, image) {
    tip.textContent = text;
    if (image) tip.append(image);
    tip.hidden = false;
    const w = document.documentElement.clientWidth, box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(x + 12, w - box.width - 6)) + "px";
    tip.style.top = (y + 16 + box.height > innerHeight && y > box.height + 16 ? y - box.height - 12 : y + 16) + "px";
  }
  function hide() { tip.hidden = true; }
  for (const e of document.querySelectorAll("[data-tip]")) {
    e.setAttribute("aria-describedby", "tip");
    const at = () => { const b = e.getBoundingClientRect(); show(e.dataset.tip, b.left, b.bottom - 12); };
    e.addEventListener("pointerenter", at);
    e.addEventListener("focus", at);
    e.addEventListener("click", at);
    e.addEventListener("pointerleave", hide);
    e.addEventListener("blur", hide);
  }
  addEventListener("keydown", e => { if (e.key === "Escape") hide(); });
  addEventListener("scroll", hide, { passive: true });
  addEventListener("resize", hide);

  // Sorting: numbers by size, empty cells last.
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      heads.forEach(h => h.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = row => row.cells[column].dataset.sort;
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => {
        const x = key(a), y = key(b);
        if (x === "" || y === "") return (x === "") - (y === "");
        const order = isNaN(x) || isNaN(y) ? (x < y ? -1 : x > y ? 1 : 0) : x - y;
        return down ? -order : order;
      });
      table.tBodies[0].append(...rows);
      live.textContent = "sorted by " + head.textContent + (down ? ", largest first" : ", smallest first");
    }));
  }

  // A printed page shows everything.
  let opened = [];
  addEventListener("beforeprint", () => { opened = [...document.querySelectorAll("details:not([open])")]; opened.forEach(d => d.open = true); });
  addEventListener("afterprint", () => opened.forEach(d => d.open = false));

  const svgNS = "http://www.w3.org/2000/svg";
  const el = (name, attributes, parent) => {
    const e = document.createElementNS(svgNS, name);
    for (const k in attributes) e.setAttribute(k, attributes[k]);
    if (parent) parent.append(e);
    return e;
  };
  const html = (name, attributes, parent, text) => {
    const e = document.createElement(name);
    for (const k in attributes) e.setAttribute(k, attributes[k]);
    if (text !== undefined) e.textContent = text;
    if (parent) parent.append(e);
    return e;
  };
  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a8a8a", "#7f5fc7", "#a6761d", "#1b9e9e"];
  const viridis = [[68, 1, 84], [71, 45, 123], [59, 82, 139], [44, 114, 142], [33, 145, 140], [40, 174, 128], [94, 201, 98], [173, 220, 48], [253, 231, 37]];
  function colour(t) {
    t = Math.min(Math.max(t, 0), 1) * (viridis.length - 1);
    const i = Math.min(Math.floor(t), viridis.length - 2), f = t - i;
    return viridis[i].map((v, k) => Math.round(v * (1 - f) + viridis[i + 1][k] * f));
  }
  function ticks(from, to) {
    const raw = (to - from) / 5, power = Math.pow(10, Math.floor(Math.log10(raw)));
    const step = [1, 2, 2.5, 5, 10].map(m => m * power).find(s => s >= raw), list = [];
    for (let v = Math.ceil(from / step) * step; v <= to + 1e-9 * step; v += step) list.push(Math.abs(v) < 1e-9 * step ? 0 : v);
    return list;
  }
  const label = v => (Math.abs(v) >= 1e5 || v !== 0 && Math.abs(v) < 1e-3 ? v.toExponential(0) : String(+v.toPrecision(6))).replace("-", "−");

  function explorer(root, data) {
    const rows = data.rows, count = rows.where.length, classes = rows.class ? [...new Set(rows.class)].sort() : [];
    const colourOf = i => rows.class ? palette[classes.indexOf(rows.class[i]) % palette.length] : "var(--a)";
    const panels = [];
    let chosen = -1;
    function words(i) {
      let text = rows.where[i] + (rows.class ? "\nclass " + rows.class[i] : "");
      for (const m of rows.models) text += "\nlog p under " + m.name + ": " + minus(m.log_prob_nats[i], 3) + (m.se_nats && m.se_nats[i] > 0 ? " ± " + m.se_nats[i].toPrecision(1) : "") + " nats";
      return text;
    }
    function picture(i) {
      const im = rows.images;
      if (!im || i >= im.pixels.length) return null;
      const ink = bytes(im.pixels[i]), c = html("canvas", { width: im.width, height: im.height, style: "width:84px;height:auto" });
      const ctx = c.getContext("2d"), d = ctx.createImageData(im.width, im.height);
      ink.forEach((v, k) => d.data.set([255 - v, 255 - v, 255 - v, 255], 4 * k));
      ctx.putImageData(d, 0, 0);
      return c;
    }
    function choose(i, panel) {
      if (i < 0 || i >= count) return;
      chosen = i;
      for (const p of panels) p.mark(i);
      const at = panel.where(i);
      show(words(i), at[0], at[1], picture(i));
      live.textContent = words(i);
    }

    // A panel with axes; at(i) is where row i lies, or null. square is true, false,
    // or "field" for one that a density fills.
    function panel(title, about, x, y, xName, yName, at, square) {
      const box = html("div", { class: "panel" }, root);
      html("h3", {}, box, title);
      const W = 340, H = square ? 300 : 220, L = 46, B = 34, T = 8, R = 8;
      const wrap = html("div", { class: "axes" }, box);
      const svg = el("svg", { viewBox: `0 0 ${W} ${H}`, role: "application", tabindex: 0, "aria-label": title + ". " + about }, wrap);
      const sx = v => L + (v - x[0]) / (x[1] - x[0]) * (W - L - R), sy = v => H - B - (v - y[0]) / (y[1] - y[0]) * (H - B - T);
      const under = el("g", {}, svg);
      el("rect", { class: "frame", x: L, y: T, width: W - L - R, height: H - B - T }, svg);
      for (const v of ticks(...x)) el("text", { x: sx(v), y: H - B + 13, "text-anchor": "middle" }, svg).textContent = label(v);
      for (const v of ticks(...y)) el("text", { x: L - 5, y: sy(v) + 4, "text-anchor": "end" }, svg).textContent = label(v);
      el("text", { x: (L + W - R) / 2, y: H - 4, "text-anchor": "middle" }, svg).textContent = xName;
      el("text", { x: 11, y: (T + H - B) / 2, "text-anchor": "middle", transform: `rotate(-90 11 ${(T + H - B) / 2})` }, svg).textContent = yName;
      const dots = el("g", {}, svg), p = { box, svg, under, sx, sy, W, H, L, B, T, R, marks: [], redraw };
      function redraw() {
        dots.textContent = "";
        p.marks = [];
        for (let i = 0; i < count; i++) {
          const a = at(i);
          if (!a || a[0] === null || a[1] === null || !(a[0] >= x[0] && a[0] <= x[1] && a[1] >= y[0] && a[1] <= y[1])) continue;
          p.marks.push([i, sx(a[0]), sy(a[1])]);
          el("circle", { class: square === "field" ? "dot field" : "dot", cx: sx(a[0]), cy: sy(a[1]), r: count > 300 ? 2.2 : 3.2, fill: square === "field" && !rows.class ? "#fff" : colourOf(i), "data-row": i }, dots);
        }
      }
      const ring = el("circle", { class: "on", r: 6, fill: "none", visibility: "hidden" }, svg);
      p.mark = i => {
        const m = p.marks.find(m => m[0] === i);
        ring.setAttribute("visibility", m ? "visible" : "hidden");
        if (m) { ring.setAttribute("cx", m[1]); ring.setAttribute("cy", m[2]); }
      };
      p.where = i => {
        const m = p.marks.find(m => m[0] === i) || [i, L, T], b = svg.getBoundingClientRect();
        return [b.left + m[1] / W * b.width, b.top + m[2] / H * b.height];
      };
      svg.addEventListener("pointermove", e => {
        const b = svg.getBoundingClientRect(), px = (e.clientX - b.left) / b.width * W, py = (e.clientY - b.top) / b.height * H;
        let best = null, far = 16 * 16;
        for (const m of p.marks) { const d = (m[1] - px) ** 2 + (m[2] - py) ** 2; if (d < far) { far = d; best = m; } }
        if (best) choose(best[0], p); else hide();
      });
      svg.addEventListener("pointerleave", hide);
      svg.addEventListener("blur", hide);
      svg.addEventListener("keydown", e => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
        if (!step) return;
        e.preventDefault();
        choose(Math.min(Math.max(chosen + step, 0), count - 1), p);
      });
      redraw();
      panels.push(p);
      return p;
    }

    if (classes.length) {
      const legend = html("div", { class: "legend" }, root);
      for (const c of classes.slice(0, 20)) { const s = html("span", {}, legend); html("i", { style: "background:" + palette[classes.indexOf(c) % palette.length] }, s); s.append(c); }
    }
    const plane = data.plane;
    if (plane && plane.from.length === 2) {
      const legend = html("div", { class: "legend" }, root), scale = html("span", { class: "scale" });
      scale.style.background = "linear-gradient(90deg," + [0, .25, .5, .75, 1].map(t => `rgb(${colour(t)})`).join(",") + ")";
      legend.append("log p: ≤ " + minus(plane.high_nats - plane.depth_nats, 1), scale, minus(plane.high_nats, 1) + " nats; points are the " + rows.on + " rows");
    }
    if (plane) for (const m of plane.models) densityPanel(m);

    function densityPanel(m) {
      const two = plane.from.length === 2, n = plane.nodes, fields = m.frames.map(f => bytes(f.field));
      const top = Math.exp(plane.high_nats) * 1.05;
      const p = two
        ? panel(m.name, "Log density in colour, with the rows.", [plane.from[0], plane.to[0]], [plane.from[1], plane.to[1]], data.columns[0], data.columns[1], i => plane.at[i], "field")
        : panel(m.name, "Density, with the rows.", [plane.from[0], plane.to[0]], [0, top], data.columns[0], "p(x)", i => [plane.at[i][0], top * .02], false);
      const image = two && el("image", { x: p.L, y: p.T, width: p.W - p.L - p.R, height: p.H - p.B - p.T, preserveAspectRatio: "none" }, p.under);
      const lines = el("g", {}, p.under), canvas = html("canvas", { width: n, height: n });
      function draw(k) {
        const f = fields[k];
        lines.textContent = "";
        if (!two) {
          const value = v => v === 0 ? 0 : Math.exp(plane.high_nats + plane.depth_nats * ((v - 1) / 254 - 1));
          const points = [...f].map((v, i) => p.sx(plane.from[0] + (plane.to[0] - plane.from[0]) * i / (n - 1)).toFixed(1) + "," + p.sy(value(v)).toFixed(1));
          el("polyline", { class: "curve", points: points.join(" ") }, lines);
          return;
        }
        const ctx = canvas.getContext("2d"), d = ctx.createImageData(n, n);
        for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
          const v = f[i * n + j], c = colour(v === 0 ? 0 : (v - 1) / 254);
          d.data.set([c[0], c[1], c[2], 255], 4 * ((n - 1 - j) * n + i));
        }
        ctx.putImageData(d, 0, 0);
        image.setAttribute("href", canvas.toDataURL());
        for (const e of m.frames[k].ellipses || []) {
          const points = [];
          for (let i = 0; i < e.length; i += 2) points.push(p.sx(e[i]).toFixed(1) + "," + p.sy(e[i + 1]).toFixed(1));
          el("polygon", { class: "ellipse under", points: points.join(" ") }, lines);
          el("polygon", { class: "ellipse", points: points.join(" ") }, lines);
        }
      }
      const last = m.frames.length - 1;
      if (last > 0) {
        const l = html("label", {}, p.box), what = html("span", {}, l), out = html("output", {}, l);
        what.textContent = m.unit + " of the fit";
        const slider = html("input", { type: "range", min: 0, max: last, value: last, "aria-label": m.name + ": " + m.unit }, l);
        const say = () => { const k = +slider.value; draw(k); out.textContent = m.frames[k].at + (k === last ? " (the end)" : ""); slider.setAttribute("aria-valuetext", m.unit + " " + out.textContent); };
        slider.addEventListener("input", say);
        say();
      } else draw(0);
    }

    for (const m of data.maps || []) {
      const xs = m.at.map(a => a[0]), ys = m.at.map(a => a[1]);
      panel(m.title, "A point for each row.", span(xs), span(ys), m.x, m.y, i => m.at[i], true);
    }
    function span(values) {
      const v = values.filter(v => v !== null), low = Math.min(...v), high = Math.max(...v), pad = (high - low || 1) * .06;
      return [low - pad, high + pad];
    }

    // log p under one model against that under another. Rows far down are left out of
    // the range, or they would press the others together.
    if (rows.models.length > 1) {
      let pair = [Math.max(0, rows.models.findIndex(m => m.name === "gmm")), rows.models.findIndex(m => m.name === "vae")];
      if (pair[1] < 0 || pair[0] === pair[1]) pair = [0, 1];
      const all = rows.models.flatMap(m => m.log_prob_nats).filter(v => v !== null).sort((a, b) => a - b);
      const range = span([all[Math.floor(all.length * .02)], all[all.length - 1]]);
      const p = panel("log p under two models", "Above the dashed line the second model gives the row more.", range, range, "", "", i => pair.map(k => rows.models[k].log_prob_nats[i]), true);
      el("line", { class: "diagonal", x1: p.sx(range[0]), y1: p.sy(range[0]), x2: p.sx(range[1]), y2: p.sy(range[1]) }, p.under);
      const names = html("div", { class: "legend" }, p.box);
      ["across: ", "up: "].forEach((word, k) => {
        const l = html("span", {}, names), s = html("select", { "aria-label": word + "model" });
        rows.models.forEach((m, i) => { const o = html("option", { value: i }, s, m.name); o.selected = i === pair[k]; });
        l.append(word, s);
        s.addEventListener("change", () => { pair[k] = +s.value; p.redraw(); });
      });
      html("span", {}, names, "above the dashed line the second gives the row more; the lowest 2 % may lie outside");
    }
  }

  for (const s of document.querySelectorAll("script.points")) {
    const root = document.getElementById(s.dataset.for);
    try { explorer(root, JSON.parse(s.textContent)); } catch (e) {
      html("p", { class: "note", role: "alert" }, root, "These pictures cannot be drawn in this browser: " + e.message);
      console.error(e);
    }
  }
})();
