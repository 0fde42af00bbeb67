import { fixed } from "./shared/fixed.mjs";

export const show = ({ factors, harms, errors, texts, perplexities, controls }, { dial }) => {
  const factor = factors[dial] === Math.round(factors[dial]) ? String(factors[dial]) : fixed(factors[dial]);
  const row = (harm, error) => `${fixed(harm)} ± ${fixed(error)}`;
  const values = [harms[dial], ...controls.map(([harm]) => harm)];
  const rest = controls.map(([harm, error]) => row(harm, error));
  const own = harms[dial] === 0 ? "0, untouched" : row(harms[dial], errors[dial]);
  return {
    bars_axis: { labels: [`this weight × ${factor}`, "the only larger one × 0", "1,000 others × 0", "the largest of all × 0"] },
    bars: { value: values, text: [own, ...rest], end: values.map(value => Math.max(value, 0)) },
    said: { text: `Times ${factor}: perplexity ${fixed(perplexities[dial], 1)}\n… is → ${texts[dial]}` },
    say: `The weight times ${factor}: perplexity ${fixed(perplexities[dial], 1)}, ${own} nats a token more. It continues: ${texts[dial]}`,
  };
};
