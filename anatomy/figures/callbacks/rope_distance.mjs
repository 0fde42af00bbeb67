import { fixed } from "./shared/fixed.mjs";
import { thousands } from "./shared/thousands.mjs";

export const show = ({ bands, x, curves, names }, { curve, distance }) => {
  const y = curves[curve], [first, last] = bands[distance], [mean, low, high] = y[distance], one = first === last;
  const at = one ? `${first} apart` : `${thousands(first)} to ${thousands(last)} apart`;
  const range = one ? "" : ` (${fixed(low, 1)} to ${fixed(high, 1)})`;
  return {
    others: { xs: curves.map(() => x), ys: curves.map(other => other.map(band => band[0])) },
    range: { x, low: y.map(band => band[1]), high: y.map(band => band[2]) },
    line: { x, y: y.map(band => band[0]) },
    here: { x: [x[distance], x[distance]], y: [-60, 60] },
    dot: { x: [x[distance]], y: [mean], text: [""] },
    said: { text: `${names[curve]}\n${at}: ${one ? "mean score " : ""}${fixed(mean, 1)}${range}` },
    say: `${names[curve]}, ${at}: mean score ${fixed(mean, 1)}${range}; ${[0, 1, 2, 3].map(i => `${i} apart ${fixed(y[i][0], 1)}`).join(", ")}.`,
  };
};
