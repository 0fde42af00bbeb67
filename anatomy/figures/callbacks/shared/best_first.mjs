// Indices by falling value, rounded to three digits; of equal ones the earlier comes first.
// Twin: anatomy.studies.embeddings.best_first
export function best_first(values) {
  const keys = Array.from(values, value => Math.round(value * 1000));
  return keys.map((_, i) => i).sort((a, b) => keys[b] - keys[a] || a - b);
}
