import { fixed } from "./shared/fixed.mjs";

export const show = ({ dimensions, largest, slope, ordered, spread }, { d }) => {
  const x = dimensions, at = dimensions[d];
  const bars = kind => ({ x: ordered[kind][d].map((_, i) => i), value: ordered[kind][d] });
  const words = [`without √d: largest ${fixed(largest[0][d])}, p(1 − p) ${fixed(slope[0][d])}`, `with: largest ${fixed(largest[1][d])}, p(1 − p) ${fixed(slope[1][d])}`];
  return {
    plain: { x, y: largest[0] },
    scaled: { x, y: largest[1] },
    here: { x: [at, at], y: [0, 1] },
    dots: { x: [at, at], y: [largest[0][d], largest[1][d]], text: ["", ""] },
    bars_plain: bars(0),
    bars_scaled: bars(1),
    said: { text: `d = ${at}: scores spread by ${fixed(spread[d], 1)}\n${words[0]}\n${words[1]}` },
    say: `d = ${at}, scores spread by ${fixed(spread[d], 1)}; ${words.join("; ")}.`,
  };
};
