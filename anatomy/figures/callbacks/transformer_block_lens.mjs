import { fixed } from "./shared/fixed.mjs";

export const show = ({ tokens, p, places, finals, answers }, { prompt, state }) => {
  const n = places[prompt].length, x = places[prompt].map((_, i) => i);
  const place = state === n - 1 ? "After the last layer" : `Before layer ${state}`;
  const own = finals[prompt][state];
  const probability = own >= 0.005 ? fixed(own) : "under 0.01";
  const likeliest = tokens[prompt][state][0];
  return {
    bars_axis: { labels: tokens[prompt][state] },
    bars: { value: p[prompt][state], text: p[prompt][state].map(value => fixed(value)), end: p[prompt][state] },
    ghosts: { xs: places.map(() => x), ys: places },
    curve: { x, y: places[prompt] },
    here: { x: [state, state], y: [0.6, 60000] },
    dot: { x: [state], y: [places[prompt][state]], text: [""] },
    said: { text: `${place}: ${likeliest}` },
    rank: { text: `Rank of ${answers[prompt]} among all tokens` },
    say: `${place}, the likeliest token is ${likeliest} with ${fixed(p[prompt][state][0])}; ${answers[prompt]}, which the model says in the end, has ${probability}.`,
  };
};
