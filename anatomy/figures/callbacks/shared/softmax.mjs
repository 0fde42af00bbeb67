// Probabilities along a list of logits; temperature 0 gives all to the first maximum.
// Twin: anatomy.logits_and_sampling.softmax
export function softmax(logits, temperature = 1) {
  const list = Array.from(logits);
  const top = list.reduce((a, b) => Math.max(a, b));
  if (temperature === 0) {
    const winner = list.indexOf(top);
    return list.map((_, i) => (i === winner ? 1 : 0));
  }
  const weights = list.map(z => Math.exp((z - top) / temperature));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map(w => w / sum);
}
