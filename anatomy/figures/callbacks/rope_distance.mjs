import { fixed } from "./shared/fixed.mjs";

export const show = ({ distances, curves, names }, { curve, distance }) => {
  const x = distances.map(d => d + 1), at = distances[distance], y = curves[curve];
  return {
    others: { xs: curves.map(() => x), ys: curves },
    line: { x, y },
    here: { x: [at + 1, at + 1], y: [-60, 60] },
    dot: { x: [at + 1], y: [y[distance]], text: [""] },
    said: { text: `${names[curve]}\n${at} apart: mean score ${fixed(y[distance], 1)}` },
    say: `${names[curve]}, ${at} apart: mean score ${fixed(y[distance], 1)}; ${distances.slice(0, 4).map((d, i) => `${d} apart ${fixed(y[i], 1)}`).join(", ")}.`,
  };
};
