import { renormalise } from "./renormalise.mjs";

// Keep the tokens at least p times as likely as the most likely. counts[i] tokens have probabilities[i] each.
// Twin: anatomy.logits_and_sampling.min_p
export function min_p(probabilities, counts, p) {
  const top = probabilities.reduce((a, b) => Math.max(a, b));
  const threshold = p * top * (1 - 8 * Number.EPSILON);
  return renormalise(probabilities, counts.map((n, i) => (probabilities[i] >= threshold ? n : 0)));
}
