import { fixed } from "./shared/fixed.mjs";
import { thousands } from "./shared/thousands.mjs";

const GAP = 0.4; // nats: lines that end closer than this share a name

export const show = ({ sizes, steps, train, held_out, floors }, { size, reveal }) => {
  const seen = steps.slice(0, reveal + 1), cut = row => row.slice(0, reveal + 1);
  const others = sizes.map((_, i) => i).filter(i => i !== size);
  const ends = [];
  for (const i of others) {
    const y = held_out[i][reveal], near = ends.find(end => end.y - y < GAP);
    if (near) near.sizes.push(thousands(sizes[i]));
    else ends.push({ y, sizes: [thousands(sizes[i])] });
  }
  return {
    names: { x: ends.map(() => steps[reveal]), y: ends.map(end => end.y), text: ends.map(end => end.sizes.join(", ")) },
    others: { xs: others.map(() => seen), ys: others.map(i => cut(held_out[i])) },
    train: { x: seen, y: cut(train[size]) },
    held_out: { x: seen, y: cut(held_out[size]) },
    floor: { x: [0, steps[reveal]], y: [floors[size], floors[size]] },
    said: { text: `${thousands(sizes[size])} tales, step ${steps[reveal]}:\ntrained on ${fixed(train[size][reveal])}, held-out ${fixed(held_out[size][reveal])}` },
    say: `${thousands(sizes[size])} tales, step ${steps[reveal]}: loss ${fixed(train[size][reveal])} on the tales it trains on, ${fixed(held_out[size][reveal])} on held-out ones; the entropy of the former is ${fixed(floors[size])}.`,
  };
};
