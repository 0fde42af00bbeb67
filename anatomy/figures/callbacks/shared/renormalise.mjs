// Scale probabilities so that counts[i] tokens of probabilities[i] each sum to 1.
// Groups whose count is 0 were cut: their probability becomes 0.
// Twin: the last line of anatomy.logits_and_sampling._keep
export function renormalise(probabilities, counts) {
  const sum = probabilities.reduce((total, p, i) => total + p * counts[i], 0);
  return { probabilities: probabilities.map((p, i) => (counts[i] ? p / sum : 0)), counts };
}
