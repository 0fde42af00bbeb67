import { fixed } from "./shared/fixed.mjs";
import { thousands } from "./shared/thousands.mjs";

export const show = ({ x, curves, knots, errors, largest, titles }, { count, bend }) => {
  const y = curves[bend][count - 1], placed = knots[bend].slice(0, count);
  const at = placed.map(knot => x.findIndex(place => Math.abs(place - knot) < 1e-3));
  const error = errors[bend][count - 1], weight = largest[bend][count - 1];
  let said = `${count} ${titles[bend]} neuron${count > 1 ? "s" : ""}: error ${error < 5e-5 ? "< 0.0001" : fixed(error, 4)}`;
  said += `\n${weight ? `output weights up to ${weight < 10 ? fixed(weight, 1) : thousands(weight)}` : "no weight can bend it"}`;
  return {
    curve: { x, y },
    marks: { x: at.map(i => x[i]), y: at.map(i => y[i]) },
    title: { text: said },
    say: `${said.replace("\n", ", ")}.`,
  };
};
