import { token_boxes } from "./shared/token_boxes.mjs";

// Which tokens of a state were not there in the state before, by where they start and end.
const marked = (state, before) => {
  const ends = tokens => tokens.reduce((all, [, width]) => [...all, all.at(-1) + width], [0]);
  const spans = new Set(ends(before).slice(1).map((end, i) => `${end - before[i][1]} ${end}`));
  const starts = ends(state);
  return state.map(([text, width, id], i) => ({
    text: text.replaceAll(" ", ""), // between two bytes in hexadecimal, which so fit their box
    width, id, left: starts[i], kind: spans.has(`${starts[i]} ${starts[i + 1]}`) ? "plain" : "new",
  }));
};

// Why a word cannot be drawn, or nothing.
const refused = (states, most) => {
  if (!states) return "fetching the vocabulary …";
  if (typeof states === "string") return states;
  if (!states.length) return "type a word";
  const width = states[0].reduce((sum, token) => sum + token[1], 0);
  return width > most ? `${width} bytes; only ${most} fit here` : "";
};

export const show = ({ words, ladders, most }, { word, own }) => {
  const chosen = words[word] ?? own;
  const ladder = Object.hasOwn(ladders, chosen) ? ladders[chosen] : undefined; // "constructor" is a word, too
  const problem = refused(ladder, most);
  const states = problem ? [] : ladder;
  const rows = states.map((state, line) => marked(state, states[line - 1] ?? state).map(row => ({ ...row, line })));
  const made = rows.flat().filter(row => row.kind === "new");
  const ids = states.at(-1)?.map(([, , id]) => id.toLocaleString("en")) ?? [];
  const ends = `${ids.length} token${ids.length === 1 ? "" : "s"}: ${ids.join(", ")}`;
  const shown = chosen.replaceAll(" ", "·");
  return {
    boxes: token_boxes(rows.flat()),
    ids: {
      y: [-0.5, ...made.map(row => -row.line - 0.5)],
      text: ["id", ...made.map(row => row.id.toLocaleString("en"))],
    },
    ends: { text: problem || ends },
    own: { disabled: word < words.length },
    say: problem ? `${shown}: ${problem}.` : `${shown} is ${ends}.`,
  };
};
