import { min_p } from "./min_p.mjs";
import { renormalise } from "./renormalise.mjs";
import { softmax } from "./softmax.mjs";
import { temper } from "./temper.mjs";
import { top_k } from "./top_k.mjs";
import { top_p } from "./top_p.mjs";

// Temperature and filters in the order given; every stage is kept, plain softmax first.
// logits[i] is shared by counts[i] tokens. steps: [["top_p", 0.9], …].
// Twin: anatomy.logits_and_sampling.apply_steps
export function apply_steps(logits, counts, steps) {
  const filters = { temperature: temper, top_k, top_p, min_p };
  const stages = [renormalise(softmax(logits), Array.from(counts))];
  for (const [name, value] of steps) {
    const { probabilities, counts } = stages.at(-1);
    stages.push(filters[name](probabilities, counts, value));
  }
  return stages;
}
