import { bar_rows } from "./shared/bar_rows.mjs";
import { entropy } from "./shared/entropy.mjs";
import { fixed } from "./shared/fixed.mjs";
import { softmax } from "./shared/softmax.mjs";

export const show = ({ tokens, logits }, { temperature }) => {
  const p = softmax(logits, temperature);
  const perplexity = fixed(Math.exp(entropy(p, p.map(() => 1))));
  return {
    bars: bar_rows(p, p.map(share => fixed(share, 3))),
    title: { text: `T = ${fixed(temperature)}, perplexity ${perplexity}` },
    here: { x: [temperature, temperature], y: [0, 1] },
    dots: { x: p.map(() => temperature), y: p },
    say: `At temperature ${fixed(temperature)}: ${tokens.map((t, i) => `${t} ${fixed(p[i], 3)}`).join(", ")}.`,
  };
};
