// Nats of a distribution in which counts[i] tokens have probabilities[i] each.
// Twin: anatomy.logits_and_sampling.entropy
export function entropy(probabilities, counts) {
  const terms = probabilities.map((p, i) => (p > 0 ? -counts[i] * p * Math.log(p) : 0));
  return Math.abs(terms.reduce((a, b) => a + b, 0));
}
