import { fixed } from "./shared/fixed.mjs";
import { thousands } from "./shared/thousands.mjs";

const length = value => (value < 100 ? fixed(value, 1) : thousands(value));

export const show = ({ tokens, lengths, largest }, { prompt, state }) => {
  const rows = lengths[prompt], n = rows.length, at = rows[state], words = tokens[prompt];
  const x = rows.map((_, i) => i), place = state === n - 1 ? "After the last layer" : `Before layer ${state}`;
  const others = at.slice(1), mean = others.reduce((a, b) => a + b, 0) / others.length;
  const share = (largest[prompt][state] / at[0]) ** 2;
  const percent = share > 0.995 ? "over 99%" : `${fixed(100 * share, 0)}%`;
  const first = `${place}: length ${length(at[0])} at ${words[0]}, ${length(mean)} on average at the others`;
  const second = `One entry, 507, makes ${percent} of the square of the first`;
  return {
    others: { xs: words.slice(1).map(() => x), ys: words.slice(1).map((_, i) => rows.map(row => row[i + 1])) },
    first: { x, y: rows.map(row => row[0]) },
    here: { x: [state, state], y: [0.5, 60000] },
    dots: { x: at.map(() => state), y: at, text: at.map(() => "") },
    named: { x: [n - 0.4, n - 0.4], y: [rows[n - 1][0], rows[n - 1].slice(1).reduce((a, b) => a + b, 0) / others.length], text: [words[0], "others"] },
    said: { text: `${place}:
${words[0]} ${length(at[0])}, the others ${length(mean)} on average
${percent} of the first's square is entry 507` },
    say: `${first}. ${second}.`,
  };
};
