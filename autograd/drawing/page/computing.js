// The computation in the page: values and local derivatives anew after an edit, and the
// backward sweep in the engine's order. It knows nothing of the page.

import { m } from "./numbers.js";

// Read the graph: numbers that JSON lacks come as texts ("NaN", "Infinity").
export function graphOf(data) {
  const functions = data.functions.map((text) => new Function(`return ${text};`)());
  const nodes = data.nodes.map((node, place) => ({
    ...node,
    place,
    value: Number(node.data),
    partials: (node.partials ?? []).map((d) => (d === null ? null : Number(d))),
    constants: node.numbers.map((x) => (x === null ? null : Number(x))),
    compute: typeof node.function === "number" ? functions[node.function] : null,
    isLeaf: !node.partials,
    stale: "",
  }));
  for (const node of nodes) node.engine = { value: node.value, partials: node.partials };
  return nodes;
}

// Compute every node from the leaves. A node whose operation has no JavaScript keeps its
// number, and with all that is made from it is marked as stale, with the reason.
export function computeAgain(nodes, edited) {
  for (const node of nodes) {
    if (node.isLeaf) continue;
    const parents = node.operands.map((place) => (place === null ? null : nodes[place]));
    const touched = parents.some((parent) => parent && (edited.has(parent.place) || parent.changed));
    node.changed = touched;
    node.stale = "";
    if (!touched) {
      node.value = node.engine.value;
      node.partials = node.engine.partials;
      continue;
    }
    const behind = parents.find((parent) => parent?.stale);
    if (!node.compute || behind) {
      node.stale = behind?.stale ?? node.why ?? "its operation can't be computed here";
      continue;
    }
    const numbers = parents.map((parent, i) => (parent ? parent.value : node.constants[i]));
    [node.value, node.partials] = node.compute(m, ...numbers);
  }
}

// Return the backward steps: for each node that a gradient reaches, from the last to the
// first, what it sends to its operands, and what their gradients become.
export function backwardSteps(nodes) {
  const bars = nodes.map(() => 0);
  bars[nodes.length - 1] = 1;
  const steps = [];
  for (let place = nodes.length - 1; place >= 0; place -= 1) {
    const node = nodes[place];
    if (node.isLeaf) continue;
    const sent = [];
    node.operands.forEach((parent, i) => {
      if (parent === null) return;
      const contribution = m.chain(bars[place], node.partials[i]);
      const before = bars[parent];
      bars[parent] = before + contribution;
      sent.push({ parent, place: i, local: node.partials[i], contribution, before, after: bars[parent] });
    });
    steps.push({ place, upstream: bars[place], sent });
  }
  return { steps, bars };
}
