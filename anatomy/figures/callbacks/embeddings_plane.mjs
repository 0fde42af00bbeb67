import { label_plane } from "./shared/label_plane.mjs";
import { nearest_points } from "./shared/nearest_points.mjs";

export const show = ({ words, groups, frame, x, y, nearest }, { word }) => {
  const truly = nearest[word], flat = nearest_points(x, y, word, truly.length);
  const kept = flat.filter(i => truly.includes(i)).length;
  const wanted = [word, ...truly, ...flat, ...words.keys()];
  const first = new Set([word, ...truly, ...flat]).size;
  const list = indices => indices.map(i => words[i]).join(", ");
  return {
    ...label_plane("points", frame, x, y, words, groups, wanted, first),
    chosen: { x: [x[word]], y: [y[word]] },
    flat: { x: flat.map(i => x[i]), y: flat.map(i => y[i]) },
    lines: { x0: truly.map(() => x[word]), y0: truly.map(() => y[word]), x1: truly.map(i => x[i]), y1: truly.map(i => y[i]) },
    title: { text: `${words[word]}: the plane keeps ${kept} of its ${truly.length} nearest` },
    say: `${words[word]}: nearest in the plane ${list(flat)}; by all numbers ${list(truly)}; ${kept} of ${truly.length} are kept.`,
  };
};
