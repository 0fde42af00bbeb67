import { expression_layout } from "./shared/expression_layout.mjs";
import { expression_values, local_derivatives, nudged_slope, parse_expression, walk_back } from "./shared/expression.mjs";
import { fixed } from "./shared/fixed.mjs";
import { short } from "./shared/short.mjs";

const NAMES = ["a", "b", "c"];
const f = value => fixed(value);
const label = ({ operation, name, number }) => operation || name || String(number).replace("-", "−");

// What happens at one step of the walk, in two lines.
const told = (nodes, values, gradients, step, n, walk, keep_last) => {
  const operations = nodes.map((_, i) => i).filter(i => nodes[i].operation);
  if (step === 0) return "Forward begins: the numbers at the left are given\n ";
  if (step <= n) {
    const i = operations[step - 1], { operation, parents } = nodes[i];
    const [left, right] = parents.map(parent => f(values[parent]));
    const made = right === undefined ? `${operation}(${left})` : `${left} ${operation} ${right}`;
    return `Forward, ${step} of ${n}\n${made} = ${f(values[i])}`;
  }
  if (step === n + 1) return "Backward begins: the gradient\nof the result along itself is 1";
  const { node, passed } = walk.at(-1), slopes = local_derivatives(nodes[node], values, node);
  const got = passed.map((g, place) => `${f(gradients[node])} × ${f(slopes[place])} = ${f(g)} to ${label(nodes[nodes[node].parents[place]])}`);
  return `Backward${keep_last ? " with =" : ""}, ${walk.length} of ${n}: ${nodes[node].operation} passes on\n${got.join(", ")}`;
};

export const show = ({ examples }, state, before) => {
  const chosen = before && before.example !== state.example && examples[state.example];
  const text = chosen || state.typed;
  const own = examples.indexOf(text);
  const { error } = parse_expression(text);
  const drawn = error ? state.understood : text; // what cannot be read leaves the last graph standing
  const { nodes } = parse_expression(drawn);

  const given = Object.fromEntries(NAMES.map(name => [name, Number.isFinite(state[name]) ? state[name] : 0]));
  const n = nodes.filter(node => node.operation).length, end = 2 * n + 1;
  const step = before && before.understood !== drawn ? end : Math.min(state.walk, end);
  const values = expression_values(nodes, given);
  const { gradients, walk } = walk_back(nodes, values, Math.max(0, step - n - 1), state.overwrite);
  const whole = walk_back(nodes, values);
  const { x, y, edges } = expression_layout(nodes);
  const operations = nodes.map((_, i) => i).filter(i => nodes[i].operation);
  const known = i => !nodes[i].operation || operations.indexOf(i) < step;
  const acted = new Set(walk.map(({ node }) => node));
  const lost = ({ parent, child, place }) => state.overwrite && acted.has(child) && edges.some(other => (
    other.parent === parent && acted.has(other.child)
    && (other.child < child || (other.child === child && other.place > place))));

  const h = 10 ** state.exponent;
  const rows = NAMES.map(name => {
    const i = nodes.findIndex(node => node.name === name);
    if (i < 0) return ["", "", ""];
    const by_hand = nudged_slope(nodes, given, i, h), g = gradients[i];
    const apart = Math.abs((g ?? 0) - by_hand);
    const verdict = step < end ? "not done" : apart < 5e-9 ? "agree" : `${short(apart)} apart`;
    return [g === null || step <= n ? "" : fixed(g, 8), fixed(by_hand, 8), verdict];
  });
  const happened = told(nodes, values, gradients, step, n, walk, state.overwrite);
  const about = error ? `Not read: ${error}\n${happened.split("\n")[0]}` : happened;
  const acting = step === 0 ? null : step <= n ? operations[step - 1] : step === n + 1 ? nodes.length - 1 : walk.at(-1).node;
  return {
    typed: { value: text },
    example: { value: String(own < 0 ? examples.length : own) },
    understood: { value: drawn },
    edges: { xs: edges.map(e => e.xs), ys: edges.map(e => e.ys), dash: edges.map(e => (lost(e) ? "dotted" : "solid")) },
    slopes: {
      x: edges.map(e => e.xs[6]),
      y: edges.map(e => e.ys[6]),
      text: edges.map(e => (acted.has(e.child) ? `×${f(local_derivatives(nodes[e.child], values, e.child)[e.place])}` : "")),
    },
    nodes: {
      x, y,
      text: nodes.map(label),
      value: nodes.map((node, i) => (known(i) && (node.operation || node.name) ? f(values[i]) : "")),
      slope: nodes.map((node, i) => (step > n && gradients[i] !== null && (node.operation || node.name) ? f(gradients[i]) : "")),
      pick: nodes.map((node, i) => (node.operation ? n + 2 + whole.walk.findIndex(w => w.node === i) : end)),
    },
    here: acting === null ? { x: [], y: [] } : { x: [x[acting]], y: [y[acting]] },
    said: { text: about },
    walk: { end, value: step },
    overwrite: { disabled: step < n + 2 },
    a: { disabled: !nodes.some(node => node.name === "a") },
    b: { disabled: !nodes.some(node => node.name === "b") },
    c: { disabled: !nodes.some(node => node.name === "c") },
    ledger: { c0: NAMES, c1: rows.map(r => r[0]), c2: rows.map(r => r[1]), c3: rows.map(r => r[2]) },
    say: `${about.replace("\n", ": ")}. ${NAMES.map((name, k) => [name, rows[k]]).filter(([, r]) => r[2])
      .map(([name, r]) => `${name}: gradient ${r[0] || "none yet"}, finite difference ${r[1]}, ${r[2]}`).join("; ")}.`,
  };
};
