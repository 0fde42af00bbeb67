import { fixed } from "./shared/fixed.mjs";
import { power_of_ten } from "./shared/power_of_ten.mjs";
import { thousands } from "./shared/thousands.mjs";

export const show = ({ rates, at, sharpness, losses, rises }, { run }) => {
  const line = 2 / rates[run];
  return {
    sharp: { x: at, y: sharpness[run] },
    edge: { x: [0, at.at(-1)], y: [line, line] },
    loss: { x: at, y: losses[run].map(v => Math.log10(v)) },
    said: { text: `Rate ${fixed(rates[run], 2)}: edge 2/η = ${fixed(line, 2)}\nsharpness ends at ${fixed(sharpness[run].at(-1), 2)}` },
    fell: { text: `The loss rose in ${thousands(rises[run])} steps\nand ended at ${power_of_ten(losses[run].at(-1))}` },
    say: `Rate ${fixed(rates[run], 2)}, edge ${fixed(line, 2)}, sharpness at the end ${fixed(sharpness[run].at(-1), 2)}, the loss rose in ${thousands(rises[run])} steps.`,
  };
};
