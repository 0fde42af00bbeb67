import { best_first } from "./shared/best_first.mjs";
import { cosines } from "./shared/cosines.mjs";
import { fixed } from "./shared/fixed.mjs";
import { label_plane } from "./shared/label_plane.mjs";
import { two_a_group } from "./shared/place_labels.mjs";

export const show = ({ words, classes, tables, n_shown }, { word }) => {
  const shown = {}, said = [];
  tables.forEach(({ title, rows, x, y, frame }, t) => {
    const near = cosines(rows, word);
    const order = best_first(near).filter(i => i !== word).slice(0, n_shown);
    const found = [word, ...order];
    const named = order.map(i => `${words[i]} ${fixed(near[i])}`).join(", ");
    Object.assign(shown, label_plane(`points${t}`, frame, x, y, words, classes, [...found, ...two_a_group(classes)], found.length));
    shown[`rings${t}`] = { x: found.map(i => x[i]), y: found.map(i => y[i]) };
    shown[`title${t}`] = { text: `${words[word]}: ${named}` };
    said.push(`${title}: ${named}`);
  });
  return { ...shown, say: `Nearest to ${words[word]}. ${said.join(". ")}.` };
};
