// From the chosen word, a line to its nearest neighbour in the plane and one to its nearest by cosine.
export default ({ words, points, nearest, chosen, flat, real, title }, select) => {
  const which = words.indexOf(select.value);
  const { x, y } = points.data;
  const distance = i => (i === which ? Infinity : Math.hypot(x[i] - x[which], y[i] - y[which]));
  const near = words.map((_, i) => i).reduce((a, b) => (distance(b) < distance(a) ? b : a));
  const row = (...ids) => ({ x: ids.map(i => x[i]), y: ids.map(i => y[i]), text: ids.map((i, n) => (n || ids.length === 1 ? words[i] : "")) });
  chosen.data = row(which);
  flat.data = row(which, near);
  real.data = near === nearest[which] ? { x: [], y: [], text: [] } : row(which, nearest[which]);
  title.text = near === nearest[which]
    ? `${words[which]}: ${words[near]} is nearest, in the plane and truly`
    : `${words[which]}: in the plane ${words[near]}, truly ${words[nearest[which]]}`;
};
