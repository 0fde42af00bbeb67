import { fixed } from "./shared/fixed.mjs";
import { thousands } from "./shared/thousands.mjs";

export const show = ({ gaps, ways, means, errors, alone }, { gap }) => ({
  here: { x: [gaps[gap], gaps[gap]], y: [2, 9] },
  dots: { x: ways.map(() => gaps[gap]), y: ways.map((_, w) => means[w][gap]), text: ways.map(() => "") },
  ledger: { c0: [...ways, "no context"], c1: [...ways.map((_, w) => `${fixed(means[w][gap])} ± ${fixed(errors[w][gap])}`), fixed(alone)] },
  said: { text: `context ${thousands(gaps[gap])} positions back` },
  say: `Context ${thousands(gaps[gap])} positions back: ${ways.map((way, w) => `${way} ${fixed(means[w][gap])}`).join(", ")}; without context ${fixed(alone)}.`,
});
