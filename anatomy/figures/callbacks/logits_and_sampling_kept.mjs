import { thousands } from "./shared/thousands.mjs";

export const show = ({ prompts, temperatures, counts, labels }, { prompt }) => {
  const parts = {};
  for (const [name, rows] of Object.entries(counts)) {
    parts[name] = { y: rows[prompt] };
    if (name !== "top_k") parts[`${name}_label`] = { y: rows[prompt].at(-1) };
  }
  const ends = Object.keys(counts).map(name => {
    const kept = counts[name][prompt];
    return `${labels[name]} from ${thousands(kept[0])} to ${thousands(kept.at(-1))}`;
  });
  return { ...parts, say: `After ${prompts[prompt]}, from T = ${temperatures[0]} to ${temperatures.at(-1)}: ${ends.join("; ")} tokens.` };
};
