import { of_groups, place_labels } from "./place_labels.mjs";

// What a plane made by parts.plane shows: marks, names of groups, and the words that are wanted, most important first.
// x, y, words, groups: of every mark; wanted: numbers of marks; first: how many of them come before the groups' names.
export function label_plane(name, frame, x, y, words, groups, wanted, first = 0) {
  const marks = x.map((_, i) => [x[i], y[i]]);
  const of_words = [...new Set(wanted)].map((i, place) =>
    ({ x: x[i], y: y[i], text: words[i], ...(place < first ? { reach: 10, far: 32 } : {}) }));
  const names = of_groups(x, y, groups);
  const all = place_labels(frame, marks, [...of_words.slice(0, first), ...names, ...of_words.slice(first)]);
  const n = names.length;
  const part = keep => Object.fromEntries(Object.entries(all).map(([key, column]) => [key, column.filter((_, i) => keep(i))]));
  const is_group = i => i >= first && i < first + n;
  return { [name]: { x, y }, [`${name}_words`]: part(i => !is_group(i)), [`${name}_groups`]: part(is_group) };
}
