// Indices by falling probability; of equal ones the earlier stays first.
// Twin: anatomy.logits_and_sampling._most_likely_first
export function most_likely_first(probabilities) {
  return probabilities.map((_, i) => i).sort((a, b) => probabilities[b] - probabilities[a] || a - b);
}
