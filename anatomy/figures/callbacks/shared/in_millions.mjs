import { fixed } from "./fixed.mjs";
import { thousands } from "./thousands.mjs";

// A count in words: 1.34 B, 16.8 M, 9,216.
export function in_millions(count) {
  if (count >= 1e9) return `${fixed(count / 1e9)} B`;
  return count >= 1e6 ? `${fixed(count / 1e6, 1)} M` : thousands(count);
}
