import { fixed } from "./shared/fixed.mjs";

const amount = bytes => (bytes >= 1e9 ? `${fixed(bytes / 1e9, 1)} GB` : bytes >= 1e6 ? `${fixed(bytes / 1e6, 0)} MB` : `${fixed(bytes / 1e3, 1)} kB`);

export const show = ({ models }, { model, share }, before) => {
  const { name, n_layers, d_model, n_heads, n_kv_heads, d_head, divisors } = models[model];
  const place = before && before.model !== model ? divisors.indexOf(n_kv_heads) : share; // another model: as published
  const kv = divisors[place];
  const parameters = n => n_layers * 2 * d_model * d_head * (n_heads + n);
  const bytes = n => n_layers * 2 * n * d_head * 2;
  const parts = [parameters(kv) / parameters(n_heads), bytes(kv) / bytes(n_heads)];
  const kind = kv === n_heads ? "multi-head" : kv === 1 ? "multi-query" : "grouped-query";
  const own = kv === n_kv_heads ? ", as published" : "";
  return {
    share: { value: place, end: divisors.length - 1 },
    bars: { value: parts, text: [`${fixed(parameters(kv) / 1e6, 0)} M`, `${amount(bytes(kv))} a token`], end: parts },
    said: { text: `${name}: ${n_heads} query, ${kv} key heads
${kind}${own}
8,192 tokens: ${amount(8192 * bytes(kv))}` },
    say: `${name} with ${kv} key heads for ${n_heads} query heads, ${kind}${own}: ${fixed(parameters(kv) / 1e6, 0)} million parameters of attention, ${amount(bytes(kv))} a token, ${amount(8192 * bytes(kv))} for 8,192 tokens.`,
  };
};
