import { fixed } from "./shared/fixed.mjs";

export const show = ({ counts, curves, needed, quartiles, below, random, d_ff }, { layer }) => {
  const [low, high] = quartiles[layer];
  return {
    title: { text: `layer ${layer}: ${needed[layer]} of ${d_ff} carry 90%` },
    typical: { text: `${fixed(100 * below[layer], 0)}% of its gates are below zero` },
    curve: { x: counts, y: curves[layer] },
    drop: { x: [needed[layer], needed[layer]], y: [0, 0.9] },
    marker: { x: [layer], y: [needed[layer]] },
    say: `In layer ${layer} the strongest ${needed[layer]} of ${d_ff} neurons carry 90% of the energy of the median token, ${fixed(low, 0)} to ${fixed(high, 0)} for half of the tokens, where random vectors need ${random[layer]}; ${fixed(100 * below[layer], 0)}% of the gates are below zero.`,
  };
};
