import { fixed } from "./shared/fixed.mjs";
import { thousands } from "./shared/thousands.mjs";

const signed = x => (x > 0 ? `+${fixed(x)}` : fixed(x));

export const show = ({ gaps, ways, means, errors, alone, harms, harm_errors }, { gap }) => {
  const begins = `the passage begins at ${thousands(gaps[gap])}${gap === 0 ? ", right after its context" : ""}`;
  return {
    here: { x: [gaps[gap], gaps[gap]], y: [2, 9] },
    dots: { x: ways.map(() => gaps[gap]), y: ways.map((_, w) => means[w][gap]), text: ways.map(() => "") },
    ledger: {
      c0: [...ways, "no context"],
      c1: [...ways.map((_, w) => `${fixed(means[w][gap])} ± ${fixed(errors[w][gap])}`), `${fixed(alone[0])} ± ${fixed(alone[1])}`],
      c2: [...ways.map((_, w) => `${signed(harms[w][gap])} ± ${fixed(harm_errors[w][gap])}`), ""],
    },
    said: { text: gap === 0 ? begins.replace("the passage ", "") : begins },
    say: `${begins[0].toUpperCase()}${begins.slice(1)}; ${ways.map((way, w) => `${way} ${fixed(means[w][gap])}`).join(", ")}; without context ${fixed(alone[0])}.`,
  };
};
