import { bar_rows } from "./shared/bar_rows.mjs";
import { fixed } from "./shared/fixed.mjs";

export const show = ({ marks, win, habit, right, kl, answers, plain }, { mark }) => {
  const step = marks[mark], values = [win[0][mark], habit[0][mark], right[0][mark]];
  const dots = kl.map(row => row[mark]);
  return {
    bars: bar_rows(values, [fixed(values[0]), fixed(values[1]), fixed(values[2])]),
    lines: { xs: kl.map(() => marks), ys: kl },
    first: { x: marks, y: kl[0] },
    here: { x: [step, step], y: [0, 27] },
    dot: { x: [step], y: [kl[0][mark]], text: [""] },
    text: { c0: plain, c1: answers[mark] },
    said: { text: `After ${step} steps: win rate ${fixed(values[0])}` },
    far: { text: `KL to the start: ${fixed(kl[0][mark], 1)} nats` },
    say: `After ${step} steps the win rate is ${fixed(values[0])}, KL ${fixed(kl[0][mark], 1)} nats, in the other seeds ${dots.slice(1).map(x => fixed(x, 1)).join(" and ")}; ${fixed(values[2])} of the answers are right. ${answers[mark].join(" / ")}`,
  };
};
