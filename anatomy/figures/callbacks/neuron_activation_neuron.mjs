import { activation } from "./shared/activation.mjs";
import { fixed } from "./shared/fixed.mjs";
import { running_totals } from "./shared/running_totals.mjs";

export const show = ({ x, grid, names, titles }, { w0, w1, w2, bias, bend }) => {
  const totals = running_totals(x, [w0, w1, w2], bias), name = names[bend];
  const sum = totals.at(-1), [output] = activation(name, sum);
  const left = [...totals.slice(0, -1), 0], right = [...totals.slice(1), sum];
  const said = `sum ${fixed(sum)}, ${titles[bend]} gives ${fixed(output)}`;
  return {
    steps: {
      left,
      right,
      kind: left.map((start, i) => (i === left.length - 1 ? "sum" : right[i] < start ? "minus" : "plus")),
      text: left.map((start, i) => fixed(right[i] - start)),
    },
    curve: { x: grid, y: grid.map(at => activation(name, at)[0]) },
    guide: { x: [sum, sum, grid[0]], y: [-2, output, output] },
    point: { x: [sum], y: [output] },
    title: { text: said },
    say: `${said}.`,
  };
};
