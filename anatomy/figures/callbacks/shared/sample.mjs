// The index that a point u in [0, 1) falls on, on a line cut into pieces as long as the probabilities.
// Twin: anatomy.logits_and_sampling.sample
export function sample(probabilities, u) {
  const point = u * probabilities.reduce((a, b) => a + b);
  let mass = 0;
  const found = probabilities.findIndex(p => (mass += p) > point);
  return found >= 0 ? found : probabilities.findLastIndex(p => p > 0);
}
