import { box_parameters } from "./shared/box_parameters.mjs";
import { fixed } from "./shared/fixed.mjs";

const billions = count => `${fixed(count / 1e9, 1)} B`;

export const show = ({ sizes, kind }, { n_experts, n_active }) => {
  const used = Math.min(n_active, n_experts);
  const count = n => {
    const boxes = box_parameters({ ...sizes, n_experts: n }, kind);
    return Object.values(boxes).reduce((a, b) => a + b, 0);
  };
  const in_all = count(n_experts);
  const boxes = box_parameters({ ...sizes, n_experts }, kind);
  const one = (boxes.W_gate + boxes.W_up + boxes.W_down) / n_experts;
  const work = in_all - (n_experts - used) * one, plain = count(1);
  const words = [`${billions(in_all)}, ${fixed(2 * in_all / 1e9, 0)} GB`, `${billions(work)}`, `${billions(plain)}`];
  return {
    bars: { value: [in_all, work, plain].map(n => n / 1e9), text: words, end: [in_all, work, plain].map(n => n / 1e9) },
    n_active: { value: used, disabled: n_experts === 1 },
    said: { text: `${used} of ${n_experts} at work: ${fixed(100 * work / in_all, 0)}% of parameters` },
    say: `${n_experts} experts, ${used} at work for a token: ${words[0]} at 16 bits in all, ${words[1]} at work; plain ${words[2]}.`,
  };
};
