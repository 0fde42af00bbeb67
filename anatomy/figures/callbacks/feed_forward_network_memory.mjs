import { bar_rows } from "./shared/bar_rows.mjs";
import { fixed } from "./shared/fixed.mjs";

export const show = ({ names, labels, tokens, numbers, scores, turned, n_chosen }, { neuron }) => {
  const largest = Math.abs(numbers[neuron][0]);
  const group = neuron < n_chosen ? "chosen" : "drawn at random";
  return {
    title: { text: "answers most strongly at" },
    writes: { text: turned[neuron] ? "its value, turned round, promotes" : "its value promotes" },
    excited: bar_rows(numbers[neuron].map(number => Math.abs(number) / largest), numbers[neuron].map(number => fixed(number))),
    excited_axis: { labels: labels[neuron] },
    promoted: bar_rows(scores[neuron], scores[neuron].map(score => fixed(score, 1))),
    promoted_axis: { labels: tokens[neuron] },
    say: `${names[neuron]}, ${group}: answers most strongly at ${labels[neuron][0]} with ${fixed(numbers[neuron][0])}, and promotes ${tokens[neuron].slice(0, 3).join(", ")}.`,
  };
};
