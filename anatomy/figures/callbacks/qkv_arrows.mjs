import { attention } from "./shared/attention.mjs";
import { fixed } from "./shared/fixed.mjs";

const turned = ([x, y], angle) => [x * Math.cos(angle) - y * Math.sin(angle), x * Math.sin(angle) + y * Math.cos(angle)];

// The names of tips that lie on one place stand together, at the first of them.
const together = (points, names) => points.map((point, i) => {
  const same = points.map((other, j) => j).filter(j => Math.hypot(points[j][0] - point[0], points[j][1] - point[1]) < 0.05);
  return same[0] === i ? same.map(j => names[j]).join(", ") : "";
});

// A name stands beside the tip, at the side away from the origin; the query's past the names of keys that it points at.
// It stands above or below an arrow that is steep, or that ends near the edge of the plane.
const named = (points, names, past = 9) => {
  const steep = points.map(([x, y]) => Math.abs(y) > Math.abs(x)), edge = points.map(([x]) => Math.abs(x) > 3.4);
  return {
    x: points.map(([x]) => x),
    y: points.map(([, y]) => y),
    text: names,
    dx: points.map(([x], i) => (steep[i] || edge[i] ? 0 : Math.sign(x) * past)),
    dy: points.map(([, y], i) => (steep[i] ? -14 : edge[i] ? -20 : 0) * (y < 0 ? -1 : 1)),
    align: points.map(([x], i) => (edge[i] || Math.abs(x) < 0.1 ? "center" : x < 0 ? "right" : "left")),
  };
};

export const show = ({ tokens, k, v }, { hand, x, y, kx, ky, angle, stretch, root }, before) => {
  const changed = angle !== 0 || stretch !== 1, held = hand - 1; // 0 is the query
  const [hx, hy] = before && before.hand !== hand && hand ? k[held] : [kx, ky]; // a key that is taken up lies where it lay
  const turn = (angle * Math.PI) / 180;
  const q = turned([x, y], turn).map(number => number * stretch);
  const own = k.map((key, i) => (i === held ? [hx, hy] : key));
  const keys = own.map(key => turned(key, turn).map(number => number / stretch));
  const { scores, weights, mixed } = attention([q], keys, v, { causal: false, root });
  const w = weights[0], [a, b] = mixed[0];
  const best = w.indexOf(Math.max(...w));
  return {
    x: { disabled: changed, visible: !hand },
    y: { disabled: changed, visible: !hand },
    kx: { value: hx, disabled: changed, visible: hand > 0 },
    ky: { value: hy, disabled: changed, visible: hand > 0 },
    query: { xs: [[0, q[0]]], ys: [[0, q[1]]] },
    query_tip: named([q], ["q"], 28),
    keys: { xs: keys.map(([kx]) => [0, kx]), ys: keys.map(([, ky]) => [0, ky]) },
    key_tips: named(keys, together(keys, tokens)),
    value_tips: { x: v.map(([vx]) => vx), y: v.map(([, vy]) => vy), text: together(v, tokens), size: w.map(weight => 6 + 26 * Math.sqrt(weight)) },
    mixed: { xs: [[0, a]], ys: [[0, b]] },
    mixed_tip: named([[a, b]], [""]),
    bars: { value: w, text: w.map((weight, i) => `${fixed(weight)}, score ${fixed(scores[0][i])}`), end: w },
    said: { text: hand ? `key of ${tokens[held]} = (${fixed(keys[held][0])}, ${fixed(keys[held][1])})` : `q = (${fixed(q[0])}, ${fixed(q[1])})` },
    made: { text: `mixed value = (${fixed(a)}, ${fixed(b)})` },
    say: `${hand ? `Key of ${tokens[held]} (${fixed(keys[held][0])}, ${fixed(keys[held][1])}). ` : ""}Query (${fixed(q[0])}, ${fixed(q[1])}): scores ${scores[0].map((s, i) => `${tokens[i]} ${fixed(s)}`).join(", ")}; most weight on ${tokens[best]}, ${fixed(w[best])}; mixed value (${fixed(a)}, ${fixed(b)}).`,
  };
};
