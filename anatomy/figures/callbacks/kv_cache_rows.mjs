import { thousands } from "./shared/thousands.mjs";

export const show = ({ prompt, words }, { step, cached }) => {
  const n = prompt + step, computed = { x: [], y: [] }, read = { x: [], y: [] };
  let rows = 0;
  for (let s = 0; s <= step; s++) {
    const length = prompt + s;
    for (let token = 0; token < length; token++) {
      const fresh = s === 0 || !cached || token === length - 1;
      const into = fresh ? computed : read;
      into.x.push(token);
      into.y.push(-s);
      rows += fresh ? 1 : 0;
    }
  }
  const again = Array.from({ length: step + 1 }, (_, s) => prompt + s).reduce((a, b) => a + b, 0);
  const now = step === 0 || !cached ? n : 1;
  const first = `${step === 0 ? "The prompt" : `New token ${step}`}: ${now} of ${n} computed, ${n - now} read`;
  const second = cached ? `${thousands(rows)} computed so far; without a cache ${thousands(again)}` : `${thousands(rows)} computed so far; with a cache ${thousands(n)}`;
  return {
    computed,
    read,
    labels_axis: { labels: words.slice(0, n) },
    said: { text: `${first}\n${second}` },
    say: `${first}. ${second}.`,
  };
};
