import { fixed } from "./shared/fixed.mjs";

export const show = ({ kept, first, perplexities, whole, others, other }, { size }) => {
  const values = [whole, ...perplexities[size], others[size]], most = 60;
  const names = ["all tokens", ...first.map(n => (n === 0 ? `last ${kept[size]}` : `first ${n} + last ${kept[size] - n}`)), `token ${other + 1} + last ${kept[size] - 1}`];
  const drawn = values.map(value => Math.min(value, most));
  return {
    bars_axis: { labels: names },
    bars: { value: drawn, text: values.map(value => fixed(value, 1)), end: drawn },
    said: { text: `${kept[size]} tokens kept of up to 767` },
    say: `${kept[size]} tokens kept: ${names.map((name, i) => `${name} ${fixed(values[i], 1)}`).join(", ")}.`,
  };
};
