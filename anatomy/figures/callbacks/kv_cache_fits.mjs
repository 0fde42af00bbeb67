import { fixed } from "./shared/fixed.mjs";
import { serving } from "./shared/serving.mjs";
import { thousands } from "./shared/thousands.mjs";

const OWN = ["parameters", "n_layers", "n_heads", "n_kv_heads", "d_head"], OWN_CARD = ["memory", "bandwidth", "speed"];
const scaled = (value, names) => {
  const [size, name] = names.find(([size]) => value >= size) ?? names[names.length - 1];
  return `${fixed(value / size, value / size < 100 ? 1 : 0)} ${name}`;
};
const bytes = value => scaled(value, [[1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]);
const flops = value => scaled(value, [[1e15, "PFLOP"], [1e12, "TFLOP"], [1e9, "GFLOP"], [1e6, "MFLOP"]]);
const seconds = value => scaled(value, [[1, "s"], [1e-3, "ms"], [1e-6, "µs"]]);

export const show = ({ models, cards, bits }, state) => {
  const { model, context, batch, precision } = state, mine = model === models.length, my_card = state.card === cards.length;
  const typed = Object.fromEntries([...OWN, ...OWN_CARD].map(name => [name, state[name] ?? 1])); // a field that was emptied counts as 1
  const { parameters, n_layers, n_heads, n_kv_heads, d_head } = typed;
  const own = mine
    ? { name: "Your own", n_parameters: parameters * 1e9, n_read: parameters * 1e9, linear: 2 * parameters * 1e9, window: 0, n_layers, n_heads, n_kv_heads, d_head }
    : models[model];
  const card = my_card ? OWN_CARD.map(name => typed[name]) : cards[state.card], [memory] = card, n = 2 ** context, texts = 2 ** batch, whole = memory * 1e9, most = 1.6;
  const found = serving(own, n, texts, bits[precision], card);
  const share = amount => Math.min(amount / whole, most);
  const weights = share(found.weights), cache = Math.min(share(found.weights + texts * found.cache), most);
  const second = found.fits
    ? `fits; at most ${thousands(found.largest)} text${found.largest === 1 ? "" : "s"} at once`
    : found.largest ? `too large; ${thousands(found.largest)} text${found.largest === 1 ? "" : "s"} would fit` : found.weights > whole ? "too large: the weights alone do not fit" : "too large, even for one text";
  const third = found.fits ? `at most ${thousands(found.bound)} tokens a second${texts > 1 ? ", all texts together" : ""}` : "";
  const beyond = own.trained < n ? `more than the ${thousands(own.trained)} tokens it was trained on` : "";
  const words = ([matrices, attention, read, arithmetic, memory]) => [flops(matrices), flops(attention), bytes(read), seconds(arithmetic), seconds(memory)];
  const [prompt, step] = [found.prompt, found.step].map(words);
  return {
    ...Object.fromEntries(OWN.map(name => [name, { visible: mine }])),
    ...Object.fromEntries(OWN_CARD.map(name => [name, { visible: my_card }])),
    weights: { right: [weights] },
    cache: { left: [weights], right: [cache] },
    words: { x: [0, 0, 0], text: [`weights ${bytes(found.weights)} of the card's ${thousands(memory)} GB`, `cache ${texts} × ${bytes(found.cache)}`, beyond] },
    phases: { c0: ["matrices", "attention", "read from memory", "arithmetic takes", "memory takes"], c1: prompt, c2: step },
    said: { text: `${own.name}, ${texts} × ${thousands(n)} tokens, ${bits[precision]} bits\n${second}\n${third}` },
    say: `${own.name}, ${thousands(n)} tokens of context${beyond && `, ${beyond}`}, ${texts} text${texts === 1 ? "" : "s"} at once, ${bits[precision]} bits a weight: weights ${bytes(found.weights)}, cache ${bytes(texts * found.cache)}; ${second}. ${third && `${third}. `}Prompts: arithmetic ${prompt[3]}, memory ${prompt[4]}. One more token each: arithmetic ${step[3]}, memory ${step[4]}.`,
  };
};
