import { fixed } from "./shared/fixed.mjs";

export const show = ({ x, curves, knots, errors, titles }, { count, bend }) => {
  const y = curves[bend][count - 1], placed = knots[bend].slice(0, count);
  const at = placed.map(knot => x.findIndex(place => Math.abs(place - knot) < 1e-3));
  const said = `${count} ${titles[bend]} neuron${count > 1 ? "s" : ""}: error ${fixed(errors[bend][count - 1], 4)}`;
  return {
    curve: { x, y },
    marks: { x: at.map(i => x[i]), y: at.map(i => y[i]) },
    title: { text: said },
    say: `${said}.`,
  };
};
