import { fixed } from "./shared/fixed.mjs";

const MOST = 5;
// ties, to two digits, by place: no processor decides which of two products is named
const key = value => Math.round(Math.abs(value) * 100);

export const show = ({ tokens, q, k, weights, scores }, { cell }) => {
  const n = tokens.length, i = Math.floor(cell / n), j = cell % n, d = q[0].length;
  const products = q[i].map((number, at) => number * k[j][at]);
  const order = products.map((_, at) => at).sort((a, b) => key(products[b]) - key(products[a]) || a - b).slice(0, MOST);
  const sum = products.reduce((a, b) => a + b, 0);
  const rest = sum - order.reduce((total, at) => total + products[at], 0);
  const later = j > i;
  const named = order.map(at => [`entry ${at}`, fixed(q[i][at], 1), fixed(k[j][at], 1), fixed(products[at], 1)]);
  const raised = scores[i].slice(0, i + 1).map(Math.exp), all = raised.reduce((a, b) => a + b, 0);
  const weight = later ? "masked, 0" : fixed(weights[i][j]);
  const rows = [
    ...named, [`${d - MOST} others`, "", "", fixed(rest, 1)], ["sum, q · k", "", "", fixed(sum, 1)],
    [`÷ √${d}`, "", "", fixed(scores[i][j])], ["e to that", "", "", later ? "masked, 0" : fixed(raised[j])],
    [`weight: of ${fixed(all)} in all`, "", "", later ? "0" : weight],
  ];
  return {
    ring: { x: [j], y: [-i] },
    products: Object.fromEntries([0, 1, 2, 3].map(c => [`c${c}`, rows.map(row => row[c])])),
    said: { text: `${tokens[i]} reads ${tokens[j]}: weight ${weight}` },
    say: `${tokens[i]} reads ${tokens[j]}: sum of ${d} products ${fixed(sum, 1)}, divided by ${fixed(Math.sqrt(d), 0)} ${fixed(scores[i][j])}, e to that ${later ? "masked, 0" : `${fixed(raised[j])} of ${fixed(all)}`}, weight ${weight}.`,
  };
};
