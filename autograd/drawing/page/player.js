// The player: draws the graph, steps through it, and shows what each step does.
//
// A step is the computation of one node, the seed, or what one node sends back. Steps of
// nodes in one folded group that follow each other are taken together.

import { backwardSteps, computeAgain, graphOf } from "./computing.js";

const SVG = "http://www.w3.org/2000/svg";
const INCH = 72;
const SPEEDS = { "½ ×": 1600, "1 ×": 800, "2 ×": 400, "4 ×": 200, "10 ×": 80 };

export function number(x) {
  if (x === null || x === undefined) return "";
  if (!Number.isFinite(x)) return { NaN: "nan", Infinity: "inf", "-Infinity": "-inf" }[String(x)];
  if (Object.is(x, -0)) return "-0";
  const [mantissa, exponent] = x.toExponential(5).split("e");
  const size = Number(exponent);
  if (size >= -4 && size < 6) return String(Number(x.toPrecision(6)));
  const digits = String(Math.abs(size)).padStart(2, "0");
  return `${Number(mantissa)}e${size < 0 ? "-" : "+"}${digits}`;
}

export function mount(root, data, graphvizText) {
  const nodes = graphOf(data);
  const groups = new Map(data.groups.map((group) => [group.id, group]));
  const closed = new Set(data.closed);
  const edited = new Map(); // leaf → number
  let backward = backwardSteps(nodes);
  let timeline = [];
  let now = 0;
  let chosen = null; // id of a box
  let timer = null;
  let view = null; // part of the drawing that is shown
  let whole = null;
  let boxes = new Map(); // id → { element, ... }
  let arrows = [];
  let graphviz = null;

  // ---- The page

  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const draw = (name, attributes = {}, parent = null) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    parent?.append(element);
    return element;
  };
  const button = (text, label, action, main = false) => {
    const element = make("button", { type: "button", "aria-label": label, title: label }, text);
    if (main) element.className = "main";
    element.addEventListener("click", action);
    return element;
  };

  const bar = make("div", { class: "bar", role: "toolbar", "aria-label": "Steps" });
  const toStart = button("Start", "To the start (Home)", () => go(0));
  const back = button("Back", "One step back (Left arrow)", () => go(now - 1));
  const toggle = button("Play", "Play or pause (Space)", () => play(timer === null), true);
  const forth = button("Step", "One step on (Right arrow)", () => go(now + 1));
  const toEnd = button("End", "To the end (End)", () => go(timeline.length - 1));
  const slider = make("input", { type: "range", min: 0, value: 0, "aria-label": "Step" });
  const count = make("span", { class: "count" });
  const speed = make("select", { "aria-label": "Speed" });
  for (const name of Object.keys(SPEEDS)) speed.append(make("option", {}, name));
  speed.value = "1 ×";
  const search = make("input", {
    type: "search", placeholder: "Search ( / )", "aria-label": "Search for a node by name or operation",
  });
  bar.append(toStart, back, toggle, forth, toEnd, slider, count, speed, search);

  const stage = make("div", { class: "stage" });
  const svg = draw("svg", { role: "group", "aria-label": "Computation graph" }, stage);
  stage.append(make("div", { class: "zoom" },
    button("−", "Zoom out (-)", () => zoom(1.25)),
    button("+", "Zoom in (+)", () => zoom(0.8)),
    button("Fit", "Show everything (0)", () => fit())));
  const side = make("aside", { class: "side", "aria-label": "Details" });
  const step = make("section", { class: "step", "aria-live": "polite", "aria-label": "This step" });
  const details = make("section", { "aria-label": "The chosen node" });
  side.append(step, details);
  root.append(bar, stage, side);

  slider.addEventListener("input", () => go(Number(slider.value)));
  speed.addEventListener("change", () => { if (timer !== null) play(true); });
  search.addEventListener("input", () => find(search.value));
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") find(search.value, true);
    if (event.key === "Escape") { search.value = ""; find(""); search.blur(); }
  });
  root.tabIndex = -1;
  root.addEventListener("keydown", onKey);

  // ---- Which box a node is drawn as

  const boxOf = (node) => {
    let box = node.id;
    for (let group = node.group; group; group = groups.get(group).parent) {
      if (closed.has(group)) box = group;
    }
    return box;
  };
  const isGroup = (id) => groups.has(id);

  // ---- Layout: the first one comes with the data, others are made by Graphviz here

  function dot() {
    const shown = new Map();
    const links = new Map();
    for (const node of nodes) shown.set(boxOf(node), null);
    nodes.forEach((node) => {
      const head = boxOf(node);
      node.operands.forEach((place, i) => {
        if (place === null) return;
        const tail = boxOf(nodes[place]);
        if (tail === head) return;
        const folded = isGroup(tail) || isGroup(head);
        links.set(folded ? `${tail} ${head}` : `${node.place} ${i}`, [tail, head]);
      });
    });
    const sizes = new Map([...nodes, ...groups.values()].map((each) => [each.id, each.size]));
    const lines = [...shown.keys()].map((id) => {
      const [width, height] = sizes.get(id);
      return `"${id}"[width=${(width / INCH).toFixed(3)},height=${(height / INCH).toFixed(3)}]`;
    });
    for (const [tail, head] of links.values()) lines.push(`"${tail}"->"${head}"`);
    return `digraph{${data.header};${lines.join(";")}}`;
  }

  async function layoutAgain() {
    if (graphviz === null) {
      const url = URL.createObjectURL(new Blob([graphvizText], { type: "text/javascript" }));
      graphviz = await (await import(url)).Graphviz.load();
      URL.revokeObjectURL(url);
    }
    const done = timeline.slice(0, now + 1).reduce((sum, each) => sum + weight(each), 0);
    view = null;
    show(graphviz.layout(dot(), "plain", "dot"), done);
  }
  const weight = (each) => Math.max(1, each.parts.length); // steps of single nodes

  // Draw a layout in Graphviz's plain format.
  function show(plain, done = 0) {
    svg.replaceChildren();
    boxes = new Map();
    arrows = [];
    const lines = plain.trim().split("\n").map((line) => line.match(/"[^"]*"|\S+/g).map((w) => w.replaceAll('"', "")));
    const [, , width, height] = lines[0].map(Number);
    const x = (inches) => Number(inches) * INCH;
    const y = (inches) => (height - Number(inches)) * INCH;
    const links = draw("g", {}, svg);
    const labels = draw("g");
    const places = new Map();
    for (const words of lines) {
      if (words[0] === "node") drawBox(words[1], x(words[2]), y(words[3]), x(words[4]), x(words[5]));
    }
    for (const words of lines) {
      if (words[0] !== "edge") continue;
      const points = [];
      for (let i = 0; i < 2 * Number(words[3]); i += 2) points.push([x(words[4 + i]), y(words[5 + i])]);
      drawArrow(links, labels, words[1], words[2], points, places);
    }
    svg.append(labels); // above the boxes
    whole = [-20, -20, width * INCH + 40, height * INCH + 40];
    timeline = steps();
    slider.max = timeline.length - 1;
    let sum = 0; // the same moment as before
    now = Math.max(0, timeline.findIndex((each) => (sum += weight(each)) >= done));
    if (view === null) fit();
    render();
  }

  function drawBox(id, centerX, centerY, width, height) {
    const node = nodes.find((each) => each.id === id) ?? null;
    const group = groups.get(id);
    const element = draw("g", { class: "box", tabindex: 0, role: "button", "data-id": id }, svg);
    const left = centerX - width / 2;
    const top = centerY - height / 2;
    draw("rect", { x: left, y: top, width, height }, element);
    const line = (text, row, name) => {
      const written = draw("text", { x: left + 14, y: top + 19 + 16 * row, class: name }, element);
      written.textContent = text;
      return written;
    };
    const { title } = node ?? group;
    line(shorten(title, width), 0, "title");
    const second = node ? node.formula : group.caption;
    if (second) line(shorten(node ? `= ${second}` : second, width), 1, "name");
    const value = line("", second ? 2 : 1, "number");
    const grad = line("", second ? 3 : 2, "number");
    const members = node ? [node] : nodes.filter((each) => boxOf(each) === id);
    const main = node ?? nodes.find((each) => each.id === group.root) ?? null;
    const box = { id, element, value, grad, node, group, members, main, center: [centerX, centerY] };
    element.classList.toggle("leaf", Boolean(node?.isLeaf));
    element.classList.toggle("group", Boolean(group));
    element.classList.toggle("output", members.includes(nodes[nodes.length - 1]));
    element.addEventListener("click", () => choose(id));
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); choose(id); }
    });
    element.addEventListener("dblclick", () => { if (group) open(id); });
    boxes.set(id, box);
  }

  function drawArrow(parent, labels, tail, head, points, places) {
    const element = draw("g", { class: "arrow" }, parent);
    const [first, ...rest] = points;
    draw("path", { d: `M${first} C${rest.join(" ")}` }, element);
    const [tipX, tipY] = points[points.length - 1];
    const [baseX, baseY] = points[points.length - 2];
    const angle = (Math.atan2(tipY - baseY, tipX - baseX) * 180) / Math.PI;
    draw("polygon", { class: "head", points: "0,0 -9,-3.5 -9,3.5",
      transform: `translate(${tipX} ${tipY}) rotate(${angle})` }, element);
    const slope = draw("text", { class: "slope", "text-anchor": "end", x: tipX - 11, y: tipY - 6 }, labels);
    // Arrows between two plain boxes stand for the operands in turn.
    const node = boxes.get(head).node;
    let operand = null;
    if (node && !isGroup(tail)) {
      const key = `${tail} ${head}`;
      const seen = places.get(key) ?? 0;
      places.set(key, seen + 1);
      const which = node.operands.flatMap((place, i) => (place !== null && nodes[place].id === tail ? [i] : []));
      operand = which[seen] ?? null;
    }
    arrows.push({ element, slope, tail, head, node, operand });
  }

  const shorten = (text, width) => {
    const most = Math.floor((width - 26) / 7.3);
    return text.length > most ? `${text.slice(0, most - 1)}…` : text;
  };

  // ---- Steps

  function steps() {
    const found = [{ kind: "start", parts: [] }];
    const add = (kind, node, extra = {}) => {
      const box = boxOf(node);
      const last = found[found.length - 1];
      if (isGroup(box) && last.kind === kind && last.box === box) last.parts.push({ node, ...extra });
      else found.push({ kind, box, parts: [{ node, ...extra }] });
    };
    for (const node of nodes) if (!node.isLeaf) add("forward", node);
    found.push({ kind: "seed", box: boxOf(nodes[nodes.length - 1]), parts: [] });
    for (const sent of backward.steps) add("backward", nodes[sent.place], { sent });
    return found;
  }

  // What is known at a moment: which nodes have a value, and the gradients so far.
  function stateAt(moment) {
    const known = new Set(nodes.filter((node) => node.isLeaf).map((node) => node.place));
    const bars = new Map();
    for (const each of timeline.slice(0, moment + 1)) {
      if (each.kind === "forward") each.parts.forEach((part) => known.add(part.node.place));
      if (each.kind === "seed") bars.set(nodes.length - 1, 1);
      if (each.kind === "backward") {
        for (const { sent } of each.parts) for (const s of sent.sent) bars.set(s.parent, s.after);
      }
    }
    return { known, bars };
  }

  function go(moment) {
    now = Math.max(0, Math.min(moment, timeline.length - 1));
    if (now === timeline.length - 1) play(false);
    render();
    follow();
  }

  function play(on) {
    clearInterval(timer);
    timer = null;
    if (on) {
      if (now === timeline.length - 1) now = 0;
      timer = setInterval(() => go(now + 1), SPEEDS[speed.value]);
    }
    toggle.textContent = on ? "Pause" : "Play";
  }

  // ---- What is shown at this moment

  function render() {
    const { known, bars } = stateAt(now);
    const current = timeline[now];
    const sent = new Map();
    if (current.kind === "backward") {
      for (const part of current.parts) for (const s of part.sent.sent) sent.set(`${part.node.place} ${s.place}`, s);
    }
    for (const box of boxes.values()) {
      const ready = box.members.every((node) => known.has(node.place));
      const main = box.main ?? (box.members.length === 1 ? box.members[0] : null);
      const texts = { data: "", grad: "" };
      if (main && known.has(main.place)) {
        texts.data = `data ${main.stale ? "?" : number(main.value)}`;
        if (bars.has(main.place)) texts.grad = `grad ${main.stale ? "?" : number(bars.get(main.place))}`;
      }
      box.value.textContent = texts.data;
      box.grad.textContent = texts.grad;
      box.element.classList.toggle("waiting", !ready);
      box.element.classList.toggle("now", current.box === box.id);
      box.element.classList.toggle("chosen", chosen === box.id);
      box.element.setAttribute("aria-label", [
        box.node ? box.node.title : box.group.title,
        box.node?.formula ? `= ${box.node.formula}` : box.group?.caption ?? "",
        texts.data || "not computed yet",
        texts.grad,
      ].filter(Boolean).join(", "));
    }
    for (const arrow of arrows) {
      const s = arrow.operand === null ? null : sent.get(`${arrow.node.place} ${arrow.operand}`);
      const inward = current.kind === "forward" && current.box === arrow.head;
      const outward = current.kind === "backward" && current.box === arrow.head;
      arrow.element.classList.toggle("now", inward || outward);
      arrow.slope.classList.toggle("now", inward || outward);
      let text = "";
      if (arrow.operand !== null && known.has(arrow.node.place) && !arrow.node.stale) {
        text = number(arrow.node.partials[arrow.operand]);
        if (s) text += ` → ${number(s.contribution)}`;
      }
      arrow.slope.textContent = text;
    }
    back.disabled = toStart.disabled = now === 0;
    forth.disabled = toEnd.disabled = now === timeline.length - 1;
    slider.value = now;
    count.textContent = `${phase(current)} ${now} of ${timeline.length - 1}`;
    explainStep(current, bars);
    showDetails(known, bars);
  }

  const phase = (current) => ({ start: "Leaves,", forward: "Forward,", seed: "Seed,", backward: "Backward," })[current.kind];

  function paragraph(parent, text, name = "") {
    const element = make("p", name ? { class: name } : {});
    element.textContent = text;
    parent.append(element);
  }

  const name = (node) => node.title;
  // The operation's printed form with numbers in place of #1, #2, and #* for all.
  const inNumbers = (node) => {
    const texts = node.operands.map((place, i) => number(place === null ? node.constants[i] : nodes[place].value));
    const half = texts.length / 2;
    const some = { "*": texts, "<": texts.slice(0, half), ">": texts.slice(half), "+": texts.slice(1) };
    const isOperator = !node.pattern.includes("(");
    return node.pattern.replace(" * ", " × ").replace(/#(\d+|[*<>+])/g, (_, which) => {
      if (some[which]) return some[which].join(", ");
      const text = texts[Number(which) - 1];
      return isOperator && text.startsWith("-") && which !== "1" ? `(${text})` : text;
    });
  };

  function explainStep(current, bars) {
    step.replaceChildren();
    const heading = make("h2");
    step.append(heading);
    if (current.kind === "start") {
      heading.textContent = "The leaves";
      paragraph(step, "Numbers that were given. Step on: each node is computed from those before it.");
      return;
    }
    if (current.kind === "seed") {
      heading.textContent = "The seed";
      const output = nodes[nodes.length - 1];
      paragraph(step, `∂${name(output)}/∂${name(output)} = 1. Now back: each node sends its gradient × its local derivative to its operands, from the last node to the first.`);
      return;
    }
    const shown = current.parts.slice(0, 12);
    const title = isGroup(current.box) ? groups.get(current.box).title : name(current.parts[0].node);
    heading.textContent = current.kind === "forward" ? `Compute ${title}` : `Back through ${title}`;
    for (const part of shown) {
      const { node } = part;
      if (node.stale) { paragraph(step, `${name(node)}: ${node.stale}`, "warning"); continue; }
      if (current.kind === "forward") {
        paragraph(step, `${name(node)} = ${node.formula} = ${inNumbers(node)} = ${number(node.value)}`, "number");
        continue;
      }
      if (part.sent.sent.length === 0) paragraph(step, `${name(node)} has no operand to send to.`);
      for (const s of part.sent.sent) {
        const parent = name(nodes[s.parent]);
        paragraph(step, `upstream × ∂${name(node)}/∂${parent} → contribution`, "quiet");
        paragraph(step, `${number(part.sent.upstream)} × ${number(s.local)} → ${number(s.contribution)}`, "number");
        paragraph(step, `${parent}.grad = ${number(s.before)} + ${number(s.contribution)} = ${number(s.after)}`, "number");
      }
    }
    const rest = current.parts.length - shown.length;
    if (rest > 0) paragraph(step, `… and ${rest} more nodes of this group`, "quiet");
  }

  // ---- The chosen node

  function choose(id) {
    chosen = id;
    render();
  }

  function rows(pairs) {
    const table = make("table");
    for (const [key, value] of pairs) {
      if (value === "" || value === undefined) continue;
      const cell = make("td", { class: "number" });
      cell.textContent = value;
      const head = make("th", { scope: "row" });
      head.textContent = key;
      table.append(make("tr", {}, head, cell));
    }
    return table;
  }

  function showDetails(known, bars) {
    if (details.contains(document.activeElement) && document.activeElement.tagName === "INPUT") return;
    details.replaceChildren();
    const box = boxes.get(chosen);
    if (!box) {
      paragraph(details, "Click a node for its formula, numbers and source line.", "quiet");
      return;
    }
    const heading = make("h2");
    heading.textContent = box.node ? box.node.title : box.group.title;
    details.append(heading);
    if (box.group) {
      paragraph(details, box.group.caption);
      if (box.group.formula) paragraph(details, box.group.formula, "number");
      if (graphvizText) details.append(button("Open this group", "Open this group", () => open(box.id)));
    }
    const node = box.node ?? box.main;
    if (node) {
      const reached = known.has(node.place);
      details.append(rows([
        ["formula", node.formula ? `${node.title} = ${node.formula}` : "a leaf"],
        ["operation", node.operation],
        ["data", node.stale ? "not known after the edit" : reached ? number(node.value) : "not computed yet"],
        ["grad", bars.has(node.place) && !node.stale ? number(bars.get(node.place)) : "0 so far"],
        ...node.operands.map((place, i) => {
          const operand = place === null ? `constant ${number(node.constants[i])}` : nodes[place].title;
          const slope = place === null || !reached ? "" : `, ∂ = ${number(node.partials[i])}`;
          return [`operand ${i + 1}`, `${operand}${slope}`];
        }),
        ["source", node.source],
      ]));
      if (node.stale) paragraph(details, node.stale, "warning");
      else if (node.why) paragraph(details, `${node.why}: an edit that reaches it leaves it unknown`, "warning");
      if (node.isLeaf) details.append(editor(node));
    }
    for (let group = node?.group ?? box.group?.parent; group; group = groups.get(group).parent) {
      if (closed.has(group) || !graphvizText) continue;
      const each = group;
      const text = `Close ${groups.get(each).title}`;
      details.append(button(text, text, () => { closed.add(each); chosen = each; layoutAgain(); }));
    }
  }

  function editor(node) {
    const input = make("input", { type: "text", inputmode: "decimal", "aria-label": `New number for ${node.title}`, value: String(node.value) });
    const message = make("p", { class: "warning", role: "status" });
    const set = () => {
      const text = input.value.trim();
      const value = { inf: Infinity, "-inf": -Infinity, nan: NaN }[text] ?? Number(text || "x");
      if (value !== value && text !== "nan") {
        message.textContent = `“${text}” is no number: write one such as 0.5, -2 or 1e-3`;
        return;
      }
      input.blur();
      edit(node, value);
    };
    input.addEventListener("keydown", (event) => { if (event.key === "Enter") set(); });
    const controls = make("div", { class: "edit" }, input, button("Set", "Compute again with this number", set));
    if (edited.has(node.place)) {
      controls.append(button("Reset", "Back to the number that it had", () => edit(node, node.engine.value)));
    }
    const holder = make("div");
    holder.append(controls, message);
    return holder;
  }

  function edit(node, value) {
    node.value = value;
    if (Object.is(value, node.engine.value)) edited.delete(node.place);
    else edited.set(node.place, value);
    computeAgain(nodes, edited);
    backward = backwardSteps(nodes);
    timeline = steps();
    render();
  }

  function open(id) {
    if (!closed.delete(id)) return;
    chosen = null;
    layoutAgain();
  }

  // ---- Search

  let hits = [];
  function find(text, next = false) {
    const wanted = text.trim().toLowerCase();
    const before = hits[0];
    for (const box of boxes.values()) box.element.classList.remove("found");
    hits = [];
    if (!wanted) return;
    const matches = (each) => [each.title, each.formula, each.operation, each.caption].some((part) => part?.toLowerCase().includes(wanted));
    for (const box of boxes.values()) {
      if (matches(box.node ?? box.group) || box.members.some(matches)) {
        box.element.classList.add("found");
        hits.push(box);
      }
    }
    count.textContent = hits.length ? `${hits.length} found` : "nothing found";
    if (!hits.length) return;
    if (next && before) hits.push(...hits.splice(0, hits.indexOf(before) + 1));
    chosen = hits[0].id;
    render();
    count.textContent = `${hits.length} found`;
    center(hits[0]);
  }

  // ---- Zoom and pan

  function setView(box) {
    view = box;
    svg.setAttribute("viewBox", view.join(" "));
  }
  // Show everything, but no larger than life.
  function fit() {
    const { width, height } = svg.getBoundingClientRect();
    const scale = Math.max(whole[2] / (width || 800), whole[3] / (height || 500), 1);
    const [w, h] = [scale * (width || 800), scale * (height || 500)];
    setView([whole[0] - (w - whole[2]) / 2, whole[1] - (h - whole[3]) / 2, w, h]);
  }
  function zoom(factor, x = view[0] + view[2] / 2, y = view[1] + view[3] / 2) {
    setView([x - (x - view[0]) * factor, y - (y - view[1]) * factor, view[2] * factor, view[3] * factor]);
  }
  const toDrawing = (event) => {
    const rect = svg.getBoundingClientRect();
    return [view[0] + ((event.clientX - rect.left) / rect.width) * view[2], view[1] + ((event.clientY - rect.top) / rect.height) * view[3]];
  };
  function center(box) {
    const [x, y] = box.center;
    setView([x - view[2] / 2, y - view[3] / 2, view[2], view[3]]);
  }
  // Keep the current box in sight.
  function follow() {
    const box = boxes.get(timeline[now].box);
    if (!box) return;
    const [x, y] = box.center;
    const inside = x > view[0] && x < view[0] + view[2] && y > view[1] && y < view[1] + view[3];
    if (!inside) center(box);
  }
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.12 : 1 / 1.12, ...toDrawing(event));
  }, { passive: false });
  let grabbed = null;
  svg.addEventListener("pointerdown", (event) => {
    if (event.target.closest(".box")) return;
    grabbed = [event.clientX, event.clientY, ...view];
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", (event) => {
    if (!grabbed) return;
    const scale = view[2] / svg.getBoundingClientRect().width;
    setView([grabbed[2] - (event.clientX - grabbed[0]) * scale, grabbed[3] - (event.clientY - grabbed[1]) * scale, view[2], view[3]]);
  });
  svg.addEventListener("pointerup", () => { grabbed = null; });

  // ---- Keys

  function onKey(event) {
    const typing = ["INPUT", "SELECT"].includes(event.target.tagName) && event.target !== slider;
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target.tagName === "BUTTON";
    const actions = {
      ArrowRight: () => go(now + 1), ArrowLeft: () => go(now - 1),
      Home: () => go(0), End: () => go(timeline.length - 1),
      "/": () => search.focus(), "+": () => zoom(0.8), "-": () => zoom(1.25), 0: () => fit(),
      Escape: () => choose(null),
    };
    if (!onButton) actions[" "] = () => play(timer === null);
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
  const onDocumentKey = (event) => { if (event.target === document.body) onKey(event); };
  if (root.dataset.page) document.addEventListener("keydown", onDocumentKey);

  show(data.layout);
  const resized = new ResizeObserver(() => fit());
  resized.observe(stage);
  return () => { clearInterval(timer); resized.disconnect(); document.removeEventListener("keydown", onDocumentKey); };
}
