// From the chosen word, a line to its nearest neighbour in the plane and one to its nearest by cosine.
export default ({ words, points, nearest, chosen, flat, real, title }, select) => {
  const which = words.indexOf(select.value);
  const { x, y } = points.data;
  const near = nearest_point(x, y, which);
  const trail = (...ids) => ({ x: ids.map(i => x[i]), y: ids.map(i => y[i]) });
  const same = near === nearest[which];
  chosen.data = trail(which);
  flat.data = trail(which, near);
  real.data = same ? trail() : trail(which, nearest[which]);
  title.text = same
    ? `${words[which]}: ${words[near]} is nearest, in the plane and truly`
    : `${words[which]}: in the plane ${words[near]}, truly ${words[nearest[which]]}`;
};
