import { fixed } from "./shared/fixed.mjs";

export const show = ({ steps, held_out, floor, samples, spelled, grammatical, at_sample }, { reveal }) => {
  const step = steps[reveal], seen = steps.slice(0, reveal + 1);
  const mean = held_out.reduce((sum, run) => sum + run[reveal], 0) / held_out.length;
  const place = at_sample.reduce((best, at, i) => (at <= step ? i : best), 0);
  const lines = samples[place];
  return {
    runs: { xs: held_out.map(() => seen), ys: held_out.map(run => run.slice(0, reveal + 1)) },
    here: { x: [step, step], y: [0, 5.6] },
    tale: { text: [...lines, ...Array(4 - lines.length).fill("")] },
    said: { text: `step ${step}: loss ${fixed(mean)}, floor ${fixed(floor)}` },
    told: { text: `a tale at step ${at_sample[place]}\nwords spelled ${fixed(100 * spelled[place], 0)}%, tales in order ${fixed(100 * grammatical[place], 0)}%` },
    say: `Step ${step}: loss ${fixed(mean)}, the floor is ${fixed(floor)}. A tale at step ${at_sample[place]}: ${lines.join(" ")}`,
  };
};
