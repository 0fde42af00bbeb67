import { fixed } from "./shared/fixed.mjs";
import { thousands } from "./shared/thousands.mjs";

export const show = ({ kinds, steps, norm, top, spectra, start }, { kind, neuron }) => {
  const spectrum = spectra[kind][neuron], strongest = spectrum.indexOf(Math.max(...spectrum));
  return {
    norms: { xs: [0, 1].map(k => steps[k]), ys: [0, 1].map(k => norm[k]), dash: ["solid", "dashed"], width: [0, 1].map(k => (k === kind ? 2.5 : 1)) },
    tops: { xs: [0, 1].map(k => steps[k]), ys: [0, 1].map(k => top[k]), dash: ["solid", "dashed"], width: [0, 1].map(k => (k === kind ? 2.5 : 1)) },
    bars: { value: spectrum },
    ghosts: { value: start[neuron] },
    said: { text: `${kinds[kind]}, at the end:\nlength of all weights ${fixed(norm[kind].at(-1), 0)}` },
    tuned: { text: `neuron ${neuron}: ${fixed(100 * spectrum[strongest], 0)}% in frequency ${strongest + 1}\nmedian neuron ${fixed(100 * top[kind].at(-1), 0)}% in its strongest` },
    say: `${kinds[kind]}: length of all weights ${fixed(norm[kind].at(-1), 0)} after ${thousands(steps[kind].at(-1))} steps; neuron ${neuron} has ${fixed(100 * spectrum[strongest], 0)}% of its power in frequency ${strongest + 1}, the median neuron ${fixed(100 * top[kind].at(-1), 0)}% in its strongest.`,
  };
};
