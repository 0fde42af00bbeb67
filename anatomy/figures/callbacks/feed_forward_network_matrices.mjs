import { fixed } from "./shared/fixed.mjs";
import { gated } from "./shared/gated.mjs";
import { mlp } from "./shared/mlp.mjs";

const run = (kind, n, bend) => kind === "gated"
  ? gated(n.x, n.w_gate, n.w_up, n.w_down, bend)
  : mlp(n.x, n.w_in, n.b_in, n.w_out, n.b_out, bend);

const read = (numbers, [name, i, j]) => (Array.isArray(numbers[name][i]) ? numbers[name][i][j] : numbers[name][i]);
const write = (numbers, [name, i, j], value) => {
  if (Array.isArray(numbers[name][i])) numbers[name][i][j] = value;
  else numbers[name][i] = value;
};

// Two lines on the part that is looked at.
const words = ({ kind, index: [i, j], label }, all, title, gate) => {
  const f = (name, a, b) => fixed(read(all, [name, a, b]));
  const product = (left, w) => `${left}[${i}] · ${label} = ${f(left, i)} × ${f(w, i, j)} = ${fixed(read(all, [left, i]) * read(all, [w, i, j]))}`;
  const added = { w_in: "before", w_gate: "before", w_up: "up", w_out: "output", w_down: "output" };
  if (kind in added) return `${product(kind === "w_out" || kind === "w_down" ? "hidden" : "x", kind)}\nis added into ${added[kind]}[${j}]`;
  if (kind === "b_in" || kind === "b_out") return `${label} = ${f(kind, i)}\nis added into ${kind === "b_in" ? "before" : "output"}[${i}]`;
  if (kind === "x") return `${label} = ${f("x", i)}\nmeets row ${i} of ${gate ? "w_gate and of w_up" : "w_in"}`;
  if (kind === "output") return `${label} = ${f("output", i)}\nhidden meets column ${i} of ${gate ? "w_down" : "w_out"}${gate ? "" : `, then + b_out[${i}]`}`;
  return gate
    ? `neuron ${i}: gate ${title}(${f("before", i)}) = ${f("gate", i)}\nhidden = ${f("gate", i)} × ${f("up", i)} = ${f("hidden", i)}`
    : `neuron ${i}: ${title}(${f("before", i)}) = ${f("hidden", i)}\nreads column ${i} of w_in, writes row ${i} of w_out`;
};

export const show = (data, { look, bend, value, edited }, before) => {
  const item = data.items[look];
  const numbers = edited ? JSON.parse(edited) : structured(data.numbers);
  const moved = before && before.look === look && before.value !== value && item.weight;
  if (moved) write(numbers, item.weight, value);
  const all = { ...numbers, ...run(data.kind, numbers, data.bends[bend]) };

  const values = data.cells.map(cell => read(all, cell));
  const texts = values.map(number => fixed(number));
  const hue = wanted => data.cells.map((cell, at) => at).filter(at => ["x", "output"].includes(data.cells[at][0]) === (wanted === "stream"));
  const cells = places => ({ value: places.map(at => values[at]), text: places.map(at => texts[at]) });
  const along = data.edges.map(edge => read(all, edge));
  const width = along.map(weight => 1 + 2 * Math.abs(weight));
  const gate = data.kind === "gated", title = data.titles[bend].split(" (")[0];
  const about = words(item, all, title, gate);
  return {
    ffn: cells(hue("ffn")),
    stream: cells(hue("stream")),
    edges: {
      width,
      sign: along.map(weight => (weight < 0 ? "minus" : "plus")),
      dash: along.map(weight => (weight < 0 ? "dashed" : "solid")),
    },
    circles: { text: data.nodes.map(([name, i]) => fixed(all[name][i], name === "gate" || name === "up" ? 1 : 2)) },
    lit_cells: { x: item.cells.map(at => data.places[at][0]), y: item.cells.map(at => data.places[at][1]) },
    lit_edges: {
      xs: item.edges.map(at => data.lines[at][0]),
      ys: item.edges.map(at => data.lines[at][1]),
      width: item.edges.map(at => width[at] + 3),
    },
    lit_nodes: {
      x: item.nodes.map(at => data.spots[at][0]),
      y: item.nodes.map(at => data.spots[at][1]),
      size: item.nodes.map(at => (["gate", "up"].includes(data.nodes[at][0]) ? 27 : 35)),
      marker: item.nodes.map(at => (data.nodes[at][0] === "up" ? "square" : "circle")),
    },
    said: { text: about },
    value: item.weight
      ? { value: read(numbers, item.weight), disabled: false, show_value: true, title: "Its value" }
      : { disabled: true, show_value: false, title: "Its value: choose a single number" },
    ...(moved ? { edited: { value: JSON.stringify(numbers) } } : {}),
    say: `${about.replace("\n", ", ")}. Outputs: ${all.output.map(number => fixed(number)).join(", ")}.`,
  };
};

const structured = numbers => JSON.parse(JSON.stringify(numbers));
