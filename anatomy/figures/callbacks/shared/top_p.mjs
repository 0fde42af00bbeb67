import { most_likely_first } from "./most_likely_first.mjs";
import { renormalise } from "./renormalise.mjs";

// Keep the smallest set of most likely tokens whose mass reaches p. counts[i] tokens have probabilities[i] each.
// Twin: anatomy.logits_and_sampling.top_p
export function top_p(probabilities, counts, p) {
  if (p === 1) return { probabilities, counts };
  const enough = p - 8 * Number.EPSILON; // sums such as 0.4 + 0.3 + 0.2 fall short of 0.9
  const kept = counts.map(() => 0);
  let mass = 0;
  for (const i of most_likely_first(probabilities)) {
    if (mass >= enough) break;
    const whole = counts[i] * probabilities[i];
    kept[i] = mass + whole < enough ? counts[i] : Math.min(counts[i], Math.max(1, Math.ceil((enough - mass) / probabilities[i])));
    mass += kept[i] * probabilities[i];
  }
  return renormalise(probabilities, kept);
}
