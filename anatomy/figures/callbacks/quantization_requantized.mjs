import { fixed } from "./shared/fixed.mjs";
import { thousands } from "./shared/thousands.mjs";

const large = value => (value > 1e6 ? "> 1,000,000" : value >= 100 ? thousands(Number(value.toPrecision(2))) : fixed(value, 1));

export const show = ({ names, per_weight, perplexities, drawn, megabytes, moved, sizes, groups }, { bits, group, zero, other }) => {
  const n = sizes.length * groups.length; // symmetric ways come first, then those with zero point, then the others
  const chosen = other ? 2 * n + other - 1 : (zero ? n : 0) + bits * groups.length + group;
  const [perplexity, low, high] = perplexities.map(logs => logs.map(log => 10 ** log));
  const range = perplexity[chosen] > 1e6 ? "" : `${large(low[chosen])} to ${large(high[chosen])}`;
  return {
    here: { x: [per_weight[chosen]], y: [drawn[chosen]], text: [""] },
    ledger: {
      c0: ["perplexity", "± one standard error", "bits a weight, with scales", "matrices, MB", "weights moved by"],
      c1: [large(perplexity[chosen]), range, fixed(per_weight[chosen], 2), fixed(megabytes[chosen], 1), `${fixed(100 * moved[chosen], 1)}%`],
    },
    said: { text: `${names[chosen]}\nperplexity ${large(perplexity[chosen])}` },
    bits: { disabled: other > 0 },
    group: { disabled: other > 0 },
    zero: { disabled: other > 0 },
    say: `${names[chosen]}: ${fixed(per_weight[chosen], 2)} bits a weight, ${fixed(megabytes[chosen], 1)} megabytes of matrices, perplexity ${large(perplexity[chosen])}${range && `, one standard error ${range}`}.`,
  };
};
