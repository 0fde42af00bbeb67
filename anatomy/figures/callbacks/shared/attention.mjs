// Attention of one head, every step kept; a query sees itself and what came before if causal.
// Twin: anatomy.qkv.attend_in_steps
export function attention(q, k, v, { causal = true, root = true } = {}) {
  const scores = q.map(row => k.map(key => row.reduce((sum, number, d) => sum + number * key[d], 0)));
  const scaled = scores.map(row => row.map(score => (root ? score / Math.sqrt(q[0].length) : score)));
  const masked = scaled.map((row, i) => row.map((score, j) => (causal && j > i + k.length - q.length ? -Infinity : score)));
  const weights = masked.map(row => {
    const highest = Math.max(...row), raised = row.map(score => Math.exp(score - highest));
    const sum = raised.reduce((a, b) => a + b, 0);
    return raised.map(number => number / sum);
  });
  const mixed = weights.map(row => v[0].map((_, d) => row.reduce((sum, weight, j) => sum + weight * v[j][d], 0)));
  return { scores, scaled, masked, weights, mixed };
}
