import { fixed } from "./shared/fixed.mjs";
import { row_times_matrix } from "./shared/row_times_matrix.mjs";

export const show = ({ words, table }, { token }) => {
  const one_hot = words.map((_, i) => (i === token ? 1 : 0));
  const sum = row_times_matrix(one_hot, table);
  const products = table.map((row, i) => row.map(x => x * one_hot[i]));
  const number = x => fixed(x, 1);
  const nothing = sum.map(() => null);
  const cells = [...table.map((row, i) => [one_hot[i], ...row]), [null, ...nothing]];
  return {
    table: { value: cells.flat(), text: cells.flatMap(([hot, ...row]) => [hot === null ? "" : String(hot), ...row.map(x => (x === null ? "" : number(x)))]) },
    products: { value: [...products, sum].flat(), text: [...products, sum].flat().map(number) },
    chosen: { x: [0, ...sum.map((_, j) => j + 1)], y: [0, ...sum].map(() => -token) },
    title: { text: `the sum is row ${token} of the table` },
    say: `${words[token]}, id ${token}: the sum is row ${token} of the table, ${sum.map(number).join(", ")}.`,
  };
};
