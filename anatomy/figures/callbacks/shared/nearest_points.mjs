// The k points of a plane that are nearest to point number `which`, nearest first; of equal ones the earlier.
// Twin: anatomy.studies.embeddings.nearest_by_distance
export function nearest_points(x, y, which, k) {
  const keys = x.map((_, i) => Math.round(((x[i] - x[which]) ** 2 + (y[i] - y[which]) ** 2) * 1e6));
  return keys.map((_, i) => i).filter(i => i !== which).sort((a, b) => keys[a] - keys[b] || a - b).slice(0, k);
}
