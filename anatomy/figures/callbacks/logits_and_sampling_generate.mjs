import { apply_steps } from "./shared/apply_steps.mjs";
import { fixed } from "./shared/fixed.mjs";
import { sample } from "./shared/sample.mjs";
import { uniform } from "./shared/uniform.mjs";

// Look up what followed the last words, temper, filter, draw, append, look up again.
const write = ({ begin, end, n_tokens, followers }, back, seed, filters) => {
  const random = uniform(seed), text = [begin, begin], draws = [];
  while (draws.length < n_tokens && draws.at(-1)?.id !== end) {
    const [ids, counts] = followers[back][text.slice(-back).join(" ")];
    const p = apply_steps(counts.map(Math.log), counts.map(() => 1), filters).at(-1).probabilities;
    const u = random(), place = sample(p, u);
    draws.push({ ids, p, u, place, id: ids[place] });
    text.push(ids[place]);
  }
  return draws;
};

// The probabilities end to end: where each piece begins and ends on the line from 0 to 1.
const pieces = ({ ids, p }) => {
  let left = 0;
  return p.map((share, i) => ({ id: ids[i], p: share, left, right: (left += share) })).filter(piece => piece.p > 0);
};

const MEMORY = ["the last word", "the last two words"];

export const show = (data, state, before) => {
  const { words, n_tokens, n_seeds } = data;
  const pressed = before && state.again > before.again;
  const seed = pressed ? (state.seed % n_seeds) + 1 : state.seed;
  const draws = write(data, state.memory + 1, seed, [["temperature", state.temperature], ["top_p", state.top_p]]);
  const step = Math.min(state.step, draws.length - 1), look = draws[step];
  const laid = draws.map(pieces);
  const all = laid.flatMap((row, i) => row.map(piece => ({ ...piece, row: i })));
  const hit = draws.map((draw, i) => laid[i].find(piece => piece.id === draw.id));
  const now = laid[step], pad = list => [...list, ...Array(n_tokens - list.length).fill("")];
  const said = draws.map(draw => words[draw.id]).filter(word => !word.startsWith("(")).join(" ");
  const text = said.replaceAll(" .", ".").replaceAll(" ,", ",");
  const u = fixed(look.u, 3), word = words[look.id], share = fixed(look.p[look.place], 3);
  return {
    seed: { value: seed },
    step: { end: Math.max(1, draws.length - 1), ...(state.step > step ? { value: step } : {}) },
    told: { text },
    rows: { left: all.map(a => a.left), right: all.map(a => a.right), y: all.map(a => -a.row), pick: all.map(a => a.row) },
    drawn: { left: hit.map(h => h.left), right: hit.map(h => h.right), y: hit.map((_, i) => -i) },
    numbers: { x: draws.map(draw => draw.u), y: draws.map((_, i) => -i) },
    tokens: { token: pad(draws.map(draw => words[draw.id])), text: pad(hit.map(h => fixed(h.p, 3))) },
    here: { y: [-step] },
    strip: { left: now.map(a => a.left), right: now.map(a => a.right) },
    strip_words: {
      x: now.map(a => (a.left + a.right) / 2), y: now.map(() => 0.5),
      text: now.map(a => (a.p >= data.least ? words[a.id] : "")), drawn: now.map(a => (a.id === look.id ? "yes" : "no")),
    },
    strip_drawn: { left: [hit[step].left], right: [hit[step].right] },
    strip_number: { x: [look.u, look.u], y: [1, 1.2] },
    strip_mark: { x: [look.u], y: [1.2] },
    title: { text: `Step ${step}: ${u} falls on ${word} (${share})` },
    say: `Seed ${seed}, sees ${MEMORY[state.memory]}: ${text} In step ${step}, ${now.length} possible; ${u} falls on ${word}, which has ${share}.`,
  };
};
