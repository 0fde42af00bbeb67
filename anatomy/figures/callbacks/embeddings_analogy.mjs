import { bar_rows } from "./shared/bar_rows.mjs";
import { fixed } from "./shared/fixed.mjs";

export const show = ({ questions, n_shown }, { question, target, excluded }) => {
  const { words: [a, b, c, answer], rankings } = questions[question];
  const { tokens, cosines, kinds, rank, n } = rankings[target][excluded];
  const tail = { input: " (input)", answer: " (answer)", other: "" };
  const sum = [`${b} − ${a} + ${c}`, `${b} + ${c}`, c][target];
  const count = n.toLocaleString("en-US");
  const label = tokens.map((token, i) => (i === n_shown - 1 && rank > n_shown ? `${rank}. ${token}` : token));
  return {
    bars: { ...bar_rows(cosines, cosines.map((x, i) => fixed(x) + tail[kinds[i]])), kind: kinds },
    bars_axis: { labels: label },
    across: { axis_label: `cosine with ${sum}` },
    title: { text: `${answer} has rank ${rank} of ${count}` },
    say: `Nearest to ${sum}: ${tokens.slice(0, 3).map((token, i) => token + tail[kinds[i]]).join(", ")}. ${answer} has rank ${rank} of ${count}.`,
  };
};
