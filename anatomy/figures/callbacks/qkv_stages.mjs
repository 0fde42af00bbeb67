import { attention } from "./shared/attention.mjs";
import { fixed } from "./shared/fixed.mjs";
import { row_times_matrix } from "./shared/row_times_matrix.mjs";

const short = number => (Number.isInteger(number) ? String(number).replace("-", "−") : fixed(number));
const vector = row => `(${row.map(short).join(", ")})`;

export const show = ({ tokens, x, w_q, w_k, w_v, stages }, { stage, cell, last, mask }) => {
  const n = tokens.length, names = [...tokens.slice(0, -1), tokens[last]];
  const rows = [...x.slice(0, -1), x[last]];
  const [q, k, v] = [w_q, w_k, w_v].map(w => rows.map(row => row_times_matrix(row, w)));
  const steps = attention(q, k, v, { causal: mask });
  const shown = [steps.scores, steps.scaled, steps.masked, steps.weights][stage].flat();
  const i = Math.floor(cell / n), j = cell % n, blocked = mask && j > i;
  const asked = `${names[i]} asks ${names[j]}: q · k =`;
  const product = `${q[i].map((a, d) => `${short(a)} × ${short(k[j][d])}`).join(" + ").replaceAll("+ −", "− ")} = ${short(steps.scores[i][j])}`;
  const scaled = `÷ √${q[0].length} = ${fixed(steps.scaled[i][j])}`;
  const sum = steps.masked[i].reduce((total, score) => total + Math.exp(score), 0);
  const then = stage === 0 ? " " : stage === 1 ? scaled
    : blocked ? `${scaled}; comes later: masked`
      : stage === 2 ? `${scaled}; not masked`
        : `${scaled}; e to that is ${fixed(Math.exp(steps.scaled[i][j]), 1)} of ${fixed(sum, 1)}`;
  const strength = shown.map(value => (Number.isFinite(value) ? (stage === 3 ? 6 * value : value) : -6));
  return {
    cells: { value: strength, text: shown.map(value => (Number.isFinite(value) ? (stage === 3 ? fixed(value) : stage === 0 ? short(value) : fixed(value)) : "−∞")) },
    cells_rows: { labels: names },
    cells_columns: { labels: names },
    mask: { disabled: stage < 2 },
    ring: { x: [j], y: [-i] },
    mixed: stage === 3
      ? { c0: names, c1: v.map(vector), c2: steps.mixed.map(row => `(${row.map(number => fixed(number)).join(", ")})`) }
      : { c0: names, c1: v.map(vector), c2: names.map(() => "") },
    said: { text: `${stages[stage]}\n${asked}\n${product}\n${then}` },
    say: `${stages[stage]}. ${asked} ${product}. ${then}`,
  };
};
