// The point of a plane that is nearest to point number `which`.
// Twin: anatomy.figures.embeddings.nearest_by_distance
export function nearest_point(x, y, which) {
  let best = -1, shortest = Infinity;
  for (let i = 0; i < x.length; i++) {
    const distance = (x[i] - x[which]) ** 2 + (y[i] - y[which]) ** 2;
    if (i !== which && distance < shortest) [best, shortest] = [i, distance];
  }
  return best;
}
