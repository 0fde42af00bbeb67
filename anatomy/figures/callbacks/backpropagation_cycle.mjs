import { fixed } from "./shared/fixed.mjs";
import { net_gradients, net_trained, net_values } from "./shared/small_net.mjs";

const TARGET = 1, BACKWARD = 2; // then Update
const f = value => fixed(value);
const at = (all, name, i, j) => (j === undefined ? all[name][i] : all[name][i][j]);
const called = (name, i, j) => (j === undefined ? `${name}[${i}]` : `${name}[${i}, ${j}]`);
const sum_of = products => products.map(([a, b]) => `${f(a)}×${f(b)}`).join(" + ").replaceAll("+ −", "− ");

const bend = h => `(1 − ${h < 0 ? `(${f(h)})` : f(h)}²)`;

// Where a number's value comes from, and where its gradient.
const value_line = (net, v, name, i, j, tokens) => {
  const value = `${called(name, i, j)} = ${f(at({ ...net, ...v }, name, i, j))}`;
  if (name === "hidden") return `${value}, tanh of the sum ${f(v.sums[i])}`;
  if (name === "logits") return `${value}, which makes p = ${f(v.p[i])} of ${tokens[i]}`;
  return name === "w1" ? `${value}, multiplies x[${i}] = ${f(v.x[i])}` : name === "w2" ? `${value}, multiplies hidden[${i}] = ${f(v.hidden[i])}` : value;
};
const gradient_line = (net, v, g, name, i, j, target) => {
  const slope = f(at(g, name, i, j));
  const made = {
    logits: () => `p − ${i === target ? 1 : 0}`,
    hidden: () => sum_of(net.w2[i].map((w, k) => [w, g.logits[k]])),
    x: () => sum_of(net.w1[i].map((w, k) => [w, g.sums[k]])),
    w1: () => `${f(v.x[i])} × ${f(g.hidden[j])} of hidden[${j}] × ${bend(v.hidden[j])}`,
    w2: () => `${f(v.hidden[i])} × ${f(g.logits[j])} of logits[${j}]`,
    b1: () => `${f(g.hidden[i])} of hidden[${i}] × ${bend(v.hidden[i])}`,
    b2: () => `that of logits[${i}]`,
  }[name]();
  return `gradient = ${slope}\n= ${made}`;
};

export const show = ({ net, x, tokens, items, edges, spots, most }, { stage, target, look, updates, rate }) => {
  const nets = net_trained(net, x, target, rate, most + 1);
  const values = nets.map(one => net_values(one, x));
  const losses = values.map(({ p }) => -Math.log(p[target]));
  const old = values[updates], g = net_gradients(nets[updates], old, target);
  const now = updates + (stage > BACKWARD ? 1 : 0), v = values[now], weights = nets[now];
  const [name, i, j] = items[look], all = { ...weights, ...v };
  const moves = name.startsWith("w") || name.startsWith("b");

  const first = value_line(weights, v, name, i, j, tokens);
  const second = [
    () => `predicted: ${tokens[old.p.indexOf(Math.max(...old.p))]}`,
    () => `loss = −ln p of ${tokens[target]} = −ln ${f(old.p[target])} = ${f(losses[updates])}`,
    () => gradient_line(nets[updates], old, g, name, i, j, target),
    () => (moves
      ? `moved: ${f(at(nets[updates], name, i, j))} − ${f(rate)} × ${f(at(g, name, i, j))} = ${f(at(all, name, i, j))}`
      : `${name === "x" ? "is data and stays" : `was ${f(at({ ...nets[updates], ...old }, name, i, j))}`}`),
  ][stage]();

  const backward = stage === BACKWARD;
  const along = edges.map(([w, a, b]) => at(backward ? g : weights, w, a, b));
  const number = ([kind, k]) => f(all[kind][k]);
  const lit = edges.findIndex(edge => edge.join() === items[look].join());
  const spot = spots.findIndex(([kind, k]) => j === undefined && k === i && kind === ({ b1: "hidden", b2: "logits" }[name] ?? name));
  const width = along.map(weight => 1 + (backward ? 6 : 2) * Math.min(1, Math.abs(weight)));
  const loss = `${fixed(losses[now], 3)}`;
  return {
    edges: {
      width,
      kind: along.map(weight => (backward ? "slope" : weight < 0 ? "minus" : "plus")),
      dash: along.map(weight => (weight < 0 ? "dashed" : "solid")),
    },
    nodes: {
      text: spots.map(number),
      slope: spots.map(([kind, k]) => (backward ? f(g[kind][k]) : "")),
    },
    lit_edge: lit < 0 ? { xs: [], ys: [], width: [] } : { xs: [spots_of(spots, edges[lit], 2)], ys: [spots_of(spots, edges[lit], 3)], width: [width[lit] + 10] },
    lit_node: spot < 0 ? { x: [], y: [] } : { x: [spots[spot][2]], y: [spots[spot][3]] },
    answers: { text: tokens.map((token, k) => `${token} ${f(v.p[k])}${stage >= TARGET && k === target ? " ← target" : ""}`) },
    said: { text: `${first}\n${second}` },
    losses: { x: losses.map((_, k) => k), y: losses },
    here: { x: [now], y: [losses[now]] },
    curve: { text: `After ${now} update${now === 1 ? "" : "s"} the loss is ${loss}` },
    say: `${["Predict", "Target", "Backward", "Update"][stage]}, after ${now} updates. ${first}; ${second.replace("\n", " ")}. Loss ${loss}.`,
  };
};

const spots_of = (spots, [w, i, j], axis) => [[w === "w1" ? "x" : "hidden", i], [w === "w1" ? "hidden" : "logits", j]]
  .map(([kind, k]) => spots.find(spot => spot[0] === kind && spot[1] === k)[axis]);
