import { most_likely_first } from "./most_likely_first.mjs";
import { renormalise } from "./renormalise.mjs";

// Keep the k most likely tokens. counts[i] tokens have probabilities[i] each.
// Twin: anatomy.logits_and_sampling.top_k
export function top_k(probabilities, counts, k) {
  const kept = counts.map(() => 0);
  let left = k;
  for (const i of most_likely_first(probabilities)) {
    kept[i] = Math.min(counts[i], left);
    left -= kept[i];
  }
  return renormalise(probabilities, kept);
}
