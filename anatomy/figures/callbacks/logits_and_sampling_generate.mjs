// Write a text: look up what followed the last words, temper, filter, draw, append, look up again.
export default ({ seed, memory, heat, nucleus, step, steps, here, candidates, candidate_range, title, told, words, start, end,
  n_tokens, n_candidates, contexts, next_ids, next_counts }) => {
  const random = uniform(seed.value), back = Number(memory.value);
  const filters = [["temperature", heat.value], ["top_p", nucleus.value]];
  const text = [start, start], drawn = [];
  while (drawn.length < n_tokens && drawn.at(-1)?.id !== end) {
    const at = contexts.indexOf(text.slice(-back).join(" "));
    const one = next_ids[at].map(() => 1);
    const stage = apply_steps(next_counts[at].map(Math.log), one, filters).at(-1);
    const place = sample(stage.probabilities, random());
    const bits = entropy(stage.probabilities, one) / Math.LN2;
    drawn.push({ id: next_ids[at][place], place, ids: next_ids[at], p: stage.probabilities, bits });
    text.push(next_ids[at][place]);
  }
  const shown = Math.min(step.value, drawn.length) - 1, look = drawn[shown];
  steps.data = {
    y: drawn.map((_, i) => -i),
    token: drawn.map(d => words[d.id]),
    bits: drawn.map(d => d.bits),
    text: drawn.map(d => `p ${d.p[d.place].toFixed(3)}`),
  };
  here.data = { y: [-shown] };

  const possible = most_likely_first(look.p).filter(i => look.p[i] > 0), top = possible.slice(0, n_candidates);
  if (!top.includes(look.place)) top[top.length - 1] = look.place;
  const pad = (list, filler) => [...list, ...Array(n_candidates - list.length).fill(filler)];
  const y = pad(top.map(i => words[look.ids[i]]), "").map((word, i) => `${i}\u241f${word}`);
  candidate_range.factors = [...y].reverse();
  candidates.data = {
    y,
    value: pad(top.map(i => look.p[i]), 0),
    drawn: pad(top.map(i => (i === look.place ? look.p[i] : 0)), 0),
    text: pad(top.map(i => look.p[i].toFixed(3) + (i === look.place ? " drawn" : "")), ""),
  };
  title.text = `Step ${shown + 1}: ${possible.length} possible token${possible.length > 1 ? "s" : ""}`;
  const said = drawn.map(d => words[d.id]).filter(word => !word.startsWith("("));
  told.text = said.join(" ").replaceAll(" .", ".").replaceAll(" ,", ",");
};
