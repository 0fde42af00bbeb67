import { bytes_of } from "./shared/unpack_rows.mjs";
import { fixed } from "./shared/fixed.mjs";

export const show = ({ names, scores, orders, places, maps, tokens, n_pairs }, { across, up, rank }, before) => {
  const x = scores[across], y = scores[up], order = orders[across];
  const rank_of = []; // from 1
  order.forEach((head, i) => { rank_of[head] = i + 1; });
  // sorted by another score, the same head stays: only its rank changes
  const kept = before && before.across !== across ? rank_of[orders[before.across][before.rank - 1]] : rank;
  const head = order[kept - 1], [layer, number] = places[head];
  const bytes = bytes_of(maps).slice(head * n_pairs, (head + 1) * n_pairs);
  const n = tokens.length, value = [], text = [];
  for (let i = 0, at = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const weight = j <= i ? bytes[at++] / 255 : null;
      value.push(weight);
      text.push(weight === null || weight < 0.05 ? "" : fixed(weight, 1).slice(1).replace(/^\.0$/, "1"));
    }
  }
  const place = `layer ${layer}, head ${number}`;
  return {
    rank: { value: kept },
    heads: { x, y, pick: rank_of },
    here: { x: [x[head]], y: [y[head]] },
    cells: { value, text },
    x_label: { axis_label: names[across] },
    y_label: { axis_label: names[up] },
    said: { text: `${place}: rank ${kept} of ${order.length}\n${fixed(x[head])} across, ${fixed(y[head])} up` },
    say: `${place}, rank ${kept}: ${names[across]} ${fixed(x[head])}, ${names[up]} ${fixed(y[head])}.`,
  };
};
