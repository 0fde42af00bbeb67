import { fixed } from "./shared/fixed.mjs";

export const show = ({ losses, names }, state) => {
  const n = names.length, off = names.map((_, i) => state[`off_${i}`]);
  const at = silent => losses[silent.reduce((sum, bit, i) => sum + (bit ? 2 ** (n - 1 - i) : 0), 0)];
  const alone = names.map((_, i) => at(off.map((_, j) => i === j)) - losses[0]);
  const now = at(off), silent = off.filter(Boolean).length;
  const sum = alone.reduce((total, harm, i) => total + (off[i] ? harm : 0), 0);
  const first = silent ? `${silent} head${silent > 1 ? "s" : ""} off: loss ${fixed(now)}, ${fixed(now - losses[0])} more` : `All heads on: loss ${fixed(now)}`;
  const second = silent > 1 ? `One by one they add up to ${fixed(sum)}` : " ";
  return {
    bars: { value: alone.map(harm => Math.min(harm, 0.6)), text: alone.map((harm, i) => `${fixed(harm)}${off[i] ? ", off" : ""}`), end: alone },
    total: { value: [now, losses[0] + sum], text: [fixed(now), fixed(losses[0] + sum)], end: [now, losses[0] + sum] },
    said: { text: `${first}\n${second}` },
    say: `${first}. ${second}`,
  };
};
