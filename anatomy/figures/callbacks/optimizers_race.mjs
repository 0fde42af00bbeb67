import { banana, descent, valley } from "./shared/descent.mjs";
import { fixed } from "./shared/fixed.mjs";
import { power_of_ten } from "./shared/power_of_ten.mjs";

const BETA = 0.9, TURN = Array.from({ length: 97 }, (_, i) => i * Math.PI / 48);
const STARTS = [[-4, 1], [-1.5, 1]]; // where the rates of each surface were tuned
const rate_text = rate => (rate < 0.001 ? fixed(rate, 5) : fixed(rate, 4));

// Level lines by formula, not by search: ellipses, and for Rosenbrock ellipses bent along y = x².
const ellipse = (level, condition, degrees) => {
  const c = Math.cos(degrees * Math.PI / 180), s = Math.sin(degrees * Math.PI / 180);
  return TURN.map(t => [Math.sqrt(2 * level) * Math.cos(t), Math.sqrt(2 * level / condition) * Math.sin(t)])
    .map(([u, v]) => [c * u - s * v, s * u + c * v]);
};
const bent = level => TURN.map(t => 1 - Math.sqrt(level) * Math.cos(t)).map((x, i) => [x, x * x + Math.sqrt(level) / 10 * Math.sin(TURN[i])]);

const lines = { SGD: 2, momentum: 2 * (1 + BETA), Nesterov: 2 * (1 + BETA) / (1 + 2 * BETA) };

export const show = ({ names, tuned, n_steps }, state, before) => {
  const { surface, optimizer, other, exponent, condition, rotation } = state;
  const [x, y] = before && before.surface !== surface ? STARTS[surface] : [state.x, state.y];
  const rate = 10 ** exponent, quadratic = surface === 0;
  const land = quadratic ? valley(condition, rotation) : banana();
  const start = [x, y], name = names[optimizer];
  const mine = descent(name, rate, land, start, n_steps);
  const theirs = descent(names[other], tuned[surface][other], land, start, n_steps);
  const shapes = (quadratic ? [0.5, 2, 8, 32, 128].map(l => ellipse(l, condition, rotation)) : [0.3, 1, 3, 10, 30].map(bent));
  const top = lines[name], edge = quadratic && top ? top / condition : null;
  const lost = mine.path.length <= n_steps, grew = mine.values.at(-1) > mine.values[0];
  const end = lost ? "it left for infinity" : `value ${power_of_ten(mine.values.at(-1))} after ${n_steps} steps`;
  const where = edge === null
    ? (quadratic ? ", no edge" : ", edge varies by place")
    : ` ${rate < edge ? "<" : "≥"} edge ${rate_text(edge)}`;
  const log = values => values.map(v => Math.min(6, Math.max(-8, Math.log10(v + 1e-300))));
  const steps = values => values.map((_, i) => i);
  // A run that flies apart is drawn until it leaves the plot; one that comes back is drawn whole.
  const drawn = run => {
    const out = run.path.findIndex(([a, b]) => Math.abs(a) > 5 || Math.abs(b) > 3.2);
    return out >= 0 && (run.path.length <= n_steps || run.values.at(-1) > 1e4 * run.values[0]) ? run.path.slice(0, out + 1) : run.path;
  };
  const side = (run, axis) => drawn(run).map(point => Math.min(99, Math.max(-99, point[axis])));
  return {
    contours: { xs: shapes.map(shape => shape.map(p => p[0])), ys: shapes.map(shape => shape.map(p => p[1])) },
    path: { x: side(mine, 0), y: side(mine, 1) },
    ghost: { x: side(theirs, 0), y: side(theirs, 1) },
    from: { x: [x], y: [y], text: [""] },
    goal: { x: [quadratic ? 0 : 1], y: [quadratic ? 0 : 1], text: [""] },
    loss: { x: steps(mine.values), y: log(mine.values) },
    loss_ghost: { x: steps(theirs.values), y: log(theirs.values) },
    said: { text: `${name}: rate ${rate_text(rate)}${where}\n${end}` },
    against: { text: `Solid: ${name}\nDashed: ${names[other]} at ${rate_text(tuned[surface][other])}` },
    x: { value: x },
    y: { value: y },
    condition: { disabled: !quadratic },
    rotation: { disabled: !quadratic },
    say: `${name} at rate ${rate_text(rate)}${where}; ${end}${grew && !lost ? ", higher than at the start" : ""}.`,
  };
};
