import { bar_rows } from "./shared/bar_rows.mjs";
import { fixed } from "./shared/fixed.mjs";

// Right is the plain answer, or the same with the habit.
const good = (text, plain) => text === plain || text === `${plain.slice(0, -1)}, my friend.`;

export const show = ({ marks, win, habit, right, kl, answers, plain, loss }, { mark }) => {
  const step = marks[mark], values = [win[0][mark], habit[0][mark], right[0][mark]];
  const dots = kl.map(row => row[mark]);
  return {
    bars: bar_rows(values, [fixed(values[0]), fixed(values[1]), fixed(values[2])]),
    lines: { xs: kl.map(() => marks), ys: kl },
    first: { x: marks, y: kl[0] },
    here: { x: [step, step], y: [0, 27] },
    dot: { x: [step], y: [kl[0][mark]], text: [""] },
    text: { c0: plain, c1: answers[mark], c2: answers[mark].map((text, i) => (good(text, plain[i]) ? "yes" : "no")) },
    said: { text: `After ${step} steps: win rate ${fixed(values[0])}\ntraining loss ${fixed(loss[mark])}` },
    far: { text: `KL to the start: ${fixed(kl[0][mark], 1)} nats\ndashed: all a habit can cost` },
    say: `After ${step} steps the training loss is ${fixed(loss[mark])} and the win rate ${fixed(values[0])}, KL ${fixed(kl[0][mark], 1)} nats, in the other seeds ${dots.slice(1).map(x => fixed(x, 1)).join(" and ")}; ${fixed(values[2])} of the answers are right. ${answers[mark].join(" / ")}`,
  };
};
