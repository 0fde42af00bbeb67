import { bar_rows } from "./shared/bar_rows.mjs";
import { fixed } from "./shared/fixed.mjs";

export const show = ({ labels, changes, tokens, values, base }, { rank }) => {
  const change = changes[rank], signed = `${change >= 0 ? "+" : ""}${fixed(change, 4)}`;
  const numbers = values[rank].map(value => fixed(value, 3));
  return {
    said: { text: `without ${labels[rank]}` },
    sum: { text: `loss ${fixed(base, 3)}, ${signed}` },
    marker: { x: [rank], y: [change] },
    words: bar_rows(values[rank], numbers),
    words_axis: { labels: tokens[rank] },
    say: `Without ${labels[rank]} the loss changes by ${signed} nats: ${tokens[rank].map((token, i) => `${token} ${numbers[i]}`).join(", ")}.`,
  };
};
