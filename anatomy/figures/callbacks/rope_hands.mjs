import { fixed } from "./shared/fixed.mjs";
import { frequencies, rotated } from "./shared/rotary.mjs";

export const show = ({ q, k, bases, clock }, { position, distance, base }) => {
  const b = bases[base], at = position + distance;
  const turned_q = rotated(q, at, b), turned_k = rotated(k, position, b);
  const products = frequencies(q.length, b).map((_, i) => turned_q[2 * i] * turned_k[2 * i] + turned_q[2 * i + 1] * turned_k[2 * i + 1]);
  const score = products.reduce((a, c) => a + c, 0);
  const longest = Math.max(...[q, k].flatMap(x => products.map((_, i) => Math.hypot(x[2 * i], x[2 * i + 1]))));
  const hands = x => ({
    length: products.map((_, i) => (clock * Math.hypot(x[2 * i], x[2 * i + 1])) / longest),
    angle: products.map((_, i) => Math.atan2(x[2 * i + 1], x[2 * i])),
  });
  return {
    queries: hands(turned_q),
    keys: hands(turned_k),
    products: { text: products.map(p => fixed(p)) },
    said: { text: `key at ${position}, query at ${at}: score ${fixed(score)}` },
    say: `Key at position ${position}, query at ${at}, base ${b}: score ${fixed(score)}, the sum of ${products.map(p => fixed(p)).join(", ")}.`,
  };
};
