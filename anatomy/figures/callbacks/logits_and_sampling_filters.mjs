import { apply_steps } from "./shared/apply_steps.mjs";
import { entropy } from "./shared/entropy.mjs";
import { fixed } from "./shared/fixed.mjs";
import { thousands } from "./shared/thousands.mjs";

const NAMES = [null, "temperature", "top_k", "top_p", "min_p"]; // by a step's option; 0 is nothing
const LABELS = { temperature: "temperature", top_k: "top-k", top_p: "top-p", min_p: "min-p" };
const STEPS = ["first", "second", "third", "fourth"];

// A step that takes what another has: the two change places.
const swapped = (order, was) => {
  const moved = order.findIndex((option, place) => was && option !== was[place]);
  const other = order.findIndex((option, place) => place !== moved && option === order[moved]);
  return moved < 0 || other < 0 || order[moved] === 0 ? order : order.map((option, place) => (place === other ? was[moved] : option));
};

const sum = list => list.reduce((a, b) => a + b, 0);

export const show = ({ prompts, tokens, gaps, counts }, state, before) => {
  const order = swapped(STEPS.map(step => state[step]), before && STEPS.map(step => before[step]));
  const used = order.filter(option => option).map(option => NAMES[option]);
  const stages = apply_steps(gaps[state.prompt], counts[state.prompt], used.map(name => [name, state[name]]));
  const first = stages[0], last = stages.at(-1), labels = tokens[state.prompt], n = labels.length;

  const rest = stage => sum(stage.probabilities.slice(n).map((p, i) => p * stage.counts[n + i]));
  const value = [...last.probabilities.slice(0, n), rest(last)];
  const was = [...first.probabilities.slice(0, n), rest(first)];
  const cutter = i => {
    const at = stages.findIndex(stage => stage.counts[i] === 0);
    return at > 0 && used[at - 1] !== "temperature" ? LABELS[used[at - 1]] : null;
  };
  const text = value.map((p, i) => {
    const by = i < n ? cutter(i) : null;
    if (by) return `${fixed(was[i], 3)}, cut by ${by}`;
    return `${fixed(was[i], 3)} → ${fixed(p, 3)}`;
  });

  let at = 0, greedy = false;
  const idle = { temperature: true, top_k: true, top_p: true, min_p: true };
  const rows = [["softmax", first, ""], ...order.map(option => {
    if (!option) return ["nothing", null, ""];
    const name = NAMES[option], had = stages[at], stage = stages[++at];
    idle[name] = greedy; // once one token has it all, nothing is left to cut
    greedy ||= name === "temperature" && state[name] === 0;
    const kept = sum(had.probabilities.map((p, i) => p * Math.min(stage.counts[i], had.counts[i])));
    const cut = name === "temperature" ? "" : fixed(Math.max(0, 1 - kept), 3);
    return [`${LABELS[name]} ${Number(state[name].toFixed(2))}`, stage, cut];
  })].map(([what, stage, cut]) => {
    if (!stage) return [what, "", "", "", ""];
    const nats = entropy(stage.probabilities, stage.counts), many = Math.exp(nats);
    return [what, thousands(sum(stage.counts)), cut, fixed(nats / Math.LN2), many >= 1000 ? thousands(many) : fixed(many, 1)];
  });

  return {
    bars: { value, before: was, text, end: value.map((p, i) => Math.max(p, was[i])) },
    bars_axis: { labels: [...labels, "all others"] },
    ledger: Object.fromEntries([0, 1, 2, 3, 4].map(c => [`c${c}`, rows.map(row => row[c])])),
    ...Object.fromEntries(STEPS.map((step, place) => [step, { value: String(order[place]) }])),
    ...Object.fromEntries(Object.entries(idle).map(([name, disabled]) => [name, { disabled }])),
    say: `After ${prompts[state.prompt]}: ${used.map(name => `${LABELS[name]} ${Number(state[name].toFixed(2))}`).join(", then ") || "no step"}. `
      + `${thousands(sum(last.counts))} tokens left: ${labels.map((t, i) => `${t} ${text[i]}`).join("; ")}.`,
  };
};
