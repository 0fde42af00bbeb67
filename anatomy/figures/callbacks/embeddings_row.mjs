import { bar_rows } from "./shared/bar_rows.mjs";
import { best_first } from "./shared/best_first.mjs";
import { cosines } from "./shared/cosines.mjs";
import { fixed } from "./shared/fixed.mjs";
import { unpack_rows } from "./shared/unpack_rows.mjs";

export const show = ({ words, codes, scales, units, mean: of_table, n_shown }, { word, used, subtracted }) => {
  const width = of_table.length, rows = unpack_rows(codes, scales, units, width);
  const of_words = of_table.map((_, j) => rows.reduce((sum, row) => sum + row[j], 0) / rows.length);
  const shift = [null, of_table, of_words][subtracted];
  const near = cosines(rows, word, used, shift);
  const order = best_first(near).filter(i => i !== word).slice(0, n_shown);
  const mean = (near.reduce((a, b) => a + b, 0) - 1) / (near.length - 1);
  const text = order.map(i => fixed(near[i]));
  return {
    cells: { value: Array.from(rows[word], (x, j) => (j < used ? x - (shift?.[j] ?? 0) : null)) },
    cells_title: { text: used === width ? `all ${width} numbers of ${words[word]}` : `the first ${used} of ${width} numbers of ${words[word]}` },
    near: bar_rows(order.map(i => near[i]), text),
    near_axis: { labels: order.map(i => words[i]) },
    near_title: { text: `mean cosine with all ${near.length - 1}: ${fixed(mean)}` },
    mean: { x: [mean, mean], y: [-n_shown, 1] },
    say: `Nearest to ${words[word]} by ${used} numbers: ${order.map((i, k) => `${words[i]} ${text[k]}`).join(", ")}; mean of all ${fixed(mean)}.`,
  };
};
