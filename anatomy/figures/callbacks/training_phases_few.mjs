import { fixed } from "./shared/fixed.mjs";
import { thousands } from "./shared/thousands.mjs";

export const show = ({ sizes, steps, train, held_out, floors }, { size, reveal }) => {
  const seen = steps.slice(0, reveal + 1), cut = row => row.slice(0, reveal + 1);
  const others = sizes.map((_, i) => i).filter(i => i !== size);
  return {
    others: { xs: others.map(() => seen), ys: others.map(i => cut(held_out[i])) },
    train: { x: seen, y: cut(train[size]) },
    held_out: { x: seen, y: cut(held_out[size]) },
    floor: { x: [0, steps.at(-1)], y: [floors[size], floors[size]] },
    said: { text: `${thousands(sizes[size])} tales, step ${steps[reveal]}:\ntrained on ${fixed(train[size][reveal])}, unseen ${fixed(held_out[size][reveal])}` },
    say: `${thousands(sizes[size])} tales, step ${steps[reveal]}: loss ${fixed(train[size][reveal])} on the tales it trains on, ${fixed(held_out[size][reveal])} on unseen ones; the entropy of the former is ${fixed(floors[size])}.`,
  };
};
