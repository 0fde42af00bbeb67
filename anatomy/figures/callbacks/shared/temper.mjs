import { renormalise } from "./renormalise.mjs";
import { softmax } from "./softmax.mjs";

// Temperature on probabilities: p^(1/T).
// Twin: anatomy.logits_and_sampling.temper
export function temper(probabilities, counts, temperature) {
  const logits = probabilities.map((p, i) => (counts[i] ? Math.log(p) : -Infinity));
  const tempered = softmax(logits, temperature);
  const kept = temperature === 0 ? tempered : counts;
  return renormalise(tempered, Array.from(kept));
}
