import { fixed } from "./shared/fixed.mjs";

const mean = values => values.reduce((a, b) => a + b, 0) / values.length;

export const show = ({ rates, kinds, losses, warm_ups }, { warm }) => {
  const parts = {}, words = [], x = rates.map((_, i) => i);
  kinds.forEach((name, kind) => {
    const at = (i, which) => losses[kind][i][which];
    parts[`mean_${kind}`] = { x, y: x.map(i => mean(at(i, warm))) };
    parts[`ghost_${kind}`] = { x, y: x.map(i => mean(at(i, 1 - warm))) };
    parts[`seeds_${kind}`] = { x: x.flatMap(i => at(i, warm).map(() => i)), y: x.flatMap(i => at(i, warm)) };
    words.push(`${name} ${x.map(i => fixed(mean(at(i, warm)))).join(", ")}`);
  });
  const how = warm ? `${warm_ups[1]} steps of warm-up` : "no warm-up";
  return { ...parts, said: { text: `With ${how}` }, say: `With ${how}, at rates ${rates.join(", ")}: ${words.join("; ")}.` };
};
