import { fixed } from "./shared/fixed.mjs";
import { xor_net } from "./shared/xor_net.mjs";

const PLACES = ["0,0", "one 1", "1,1"];

// The output weights and bias that least squares finds for the three hidden points; twin of the study's refitted.
function refit(leak) {
  if (leak === 1) return [1 / 9, -1 / 9, 2 / 9]; // all on one line: the smallest weights that give one answer for all
  const second = -2 / (1 - leak);
  return [-1 - second, second, 2 + second];
}

export const show = ({ grid, inputs }, { leak, fit }) => {
  const [first, second, bias] = fit ? refit(leak) : [1, -2, 0];
  const output = x => {
    const [a, b] = xor_net(x, leak).hidden;
    return first * a + second * b + bias;
  };
  const hidden = inputs.map(x => xor_net(x, leak).hidden), outputs = inputs.map(output);
  const right = outputs.map((y, ones) => (ones === 1 ? y > 0.5 : y < 0.5));
  const solved = right.every(Boolean);
  const edge = x => (0.5 - bias - first * x) / second; // the output is 0.5 there, and more below
  const weights = `output: ${fixed(first)}, ${fixed(second)}, bias ${fixed(bias)}`;
  return {
    tent: { x: grid, y: grid.map(ones => output([ones, 0])) },
    answers: { x: [0, 1, 2], y: outputs, text: outputs.map((y, i) => `${fixed(y)} ${right[i] ? "✓" : "✕"}`) },
    hidden: { x: hidden.map(h => h[0]), y: hidden.map(h => h[1]) },
    line: { x: [-4, 6], y: [edge(-4), edge(6)] },
    side: { x: [-4, 6, 6, -4], y: [edge(-4), edge(6), -90, -90] },
    title: { text: solved ? "solved" : leak === 1 ? "no line can part them" : "not solved by these weights" },
    weights: { text: weights },
    say: `Slope ${fixed(leak)}, ${outputs.map((y, i) => `${PLACES[i]} gives ${fixed(y)}`).join(", ")}; ${weights}.`,
  };
};
