import { fixed } from "./shared/fixed.mjs";
import { serving } from "./shared/serving.mjs";
import { thousands } from "./shared/thousands.mjs";

const gigabytes = bytes => (bytes >= 1e9 ? `${fixed(bytes / 1e9, 1)} GB` : `${fixed(bytes / 1e6, 0)} MB`);

export const show = ({ models, cards, bits }, { model, context, batch, precision, card }) => {
  const own = models[model], [memory, bandwidth] = cards[card], n = 2 ** context, texts = 2 ** batch;
  const found = serving(own, n, texts, bits[precision], memory, bandwidth);
  const whole = memory * 1e9, most = 1.6;
  const share = bytes => Math.min(bytes / whole, most);
  const weights = share(found.weights), cache = Math.min(share(found.weights + texts * found.cache), most);
  const second = found.fits
    ? `fits; at most ${thousands(found.largest)} text${found.largest === 1 ? "" : "s"} at once`
    : found.largest ? `too large; ${thousands(found.largest)} text${found.largest === 1 ? "" : "s"} would fit` : "too large, even for one text";
  const third = found.fits ? `at most ${thousands(found.bound)} tokens a second` : "";
  return {
    weights: { right: [weights] },
    cache: { left: [weights], right: [cache] },
    words: { x: [0, 0], text: [`weights ${gigabytes(found.weights)} of the card's ${memory} GB`, `cache ${texts} × ${gigabytes(found.cache)}`] },
    said: { text: `${own.name}, ${thousands(n)} tokens, ${bits[precision]} bits\n${second}\n${third}` },
    say: `${own.name}, ${thousands(n)} tokens of context, ${texts} texts at once, ${bits[precision]} bits a weight: weights ${gigabytes(found.weights)}, cache ${gigabytes(texts * found.cache)}; ${second}. ${third}`,
  };
};
