import { fixed } from "./shared/fixed.mjs";

const short = text => (text.length > 38 ? `… ${text.slice(text.indexOf(" ", text.length - 38) + 1)}` : text);

export const show = ({ places, arms, means, prompts, tokens }, { prompt, place }) => ({
  here: { x: [place, place], y: [0, 10] },
  dots: { x: arms.map(() => place), y: means[place].map(m => m[0]), text: arms.map(() => "") },
  answers: { c0: arms, c1: arms.map((_, a) => tokens[a][prompt]), c2: means[place].map(([mean, error]) => `${fixed(mean)} ± ${fixed(error)}`) },
  said: { text: `${short(prompts[prompt])} …\nloss at positions ${places[place]}` },
  say: `After ${prompts[prompt]}: ${arms.map((arm, a) => `${arm} ${tokens[a][prompt]}`).join(", ")}. Loss at positions ${places[place]}: ${arms.map((arm, a) => `${arm} ${fixed(means[place][a][0])}`).join(", ")}.`,
});
