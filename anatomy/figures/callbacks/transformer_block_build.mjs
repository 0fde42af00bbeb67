import { box_parameters } from "./shared/box_parameters.mjs";
import { in_millions } from "./shared/in_millions.mjs";
import { thousands } from "./shared/thousands.mjs";

const MOST = 0.42; // of the target's total: where the axis ends
const whole = value => (Number.isFinite(value) && value >= 1 ? Math.round(value) : 1);
const total_of = boxes => Object.values(boxes).reduce((a, b) => a + b, 0);

// The shape behind a box, in words.
const shape_of = (box, s, kind) => {
  const heads = count => `(${count} × ${thousands(Math.floor(s.d_model / s.n_heads))})`, d = thousands(s.d_model);
  const bias = { W_q: "qkv", W_k: "qkv", W_v: "qkv" }[box] ? kind.biases !== "none" : kind.biases === "all";
  const plus = bias ? " + bias" : "";
  return {
    embedding: `${thousands(s.n_vocab)} tokens × ${d}${kind.positions ? `, and ${thousands(kind.positions)} positions` : ""}`,
    norms: `${thousands(2 * s.n_layers + 1)} norms, each ${kind.norm === "layer" ? "a gain and a bias" : "a gain"} of ${d}`,
    W_q: `${d} × ${heads(s.n_heads)}${plus}`,
    W_k: `${d} × ${heads(s.n_kv_heads)}${plus}`,
    W_v: `${d} × ${heads(s.n_kv_heads)}${plus}`,
    W_o: `${heads(s.n_heads)} × ${d}${plus}`,
    router: s.n_experts > 1 ? `${d} × ${s.n_experts} experts` : "none without experts",
    W_gate: kind.gated ? `${d} × ${thousands(s.d_ff)}${plus}` : "none in a plain network",
    W_up: `${d} × ${thousands(s.d_ff)}${plus}`,
    W_down: `${thousands(s.d_ff)} × ${d}${plus}`,
    unembedding: kind.tied ? "the embedding again, counted there" : `${d} × ${thousands(s.n_vocab)} tokens`,
  }[box];
};

export const show = ({ boxes, sizes, targets }, state, before) => {
  const target = targets[state.target], filled = before && state.fill !== before.fill;
  const own = Object.fromEntries(sizes.map((name, i) => [name, filled ? target.sizes[i] : whole(state[name])]));
  const tied = filled ? target.kind.tied : state.tied, kind = { ...target.kind, tied };
  const counts = box_parameters(own, kind), total = total_of(counts);
  const box = boxes[state.box], of = total - target.total;
  const in_layers = !["embedding", "norms", "unembedding"].includes(box) && counts[box] > 0;
  const times = in_layers ? `, ${["W_gate", "W_up", "W_down"].includes(box) && own.n_experts > 1 ? `${own.n_experts} experts, ` : ""}${own.n_layers} layers` : "";
  const fits = own.d_model % own.n_heads
    ? `d_model ${thousands(own.d_model)} is no multiple of ${own.n_heads} heads`
    : own.n_heads % own.n_kv_heads ? `${own.n_heads} heads are no multiple of ${own.n_kv_heads} key heads` : "";
  const first = `${thousands(total)} parameters`;
  const second = fits || (of === 0 ? `exactly ${target.name}` : `${thousands(Math.abs(of))} ${of < 0 ? "fewer" : "more"} than ${target.name}`);
  const third = `${box}: ${shape_of(box, own, kind)}${times}`;
  const share = count => Math.min(count / target.total, MOST);
  const drawn = boxes.map(name => share(counts[name])), ghosts = boxes.map((_, i) => share(target.boxes[i]));
  return {
    ...Object.fromEntries(sizes.map(name => [name, { value: own[name] }])),
    tied: { active: tied },
    fill: { disabled: of === 0 && !fits },
    bars: { value: drawn },
    ghosts: { value: ghosts },
    words: { x: drawn.map((value, i) => Math.max(value, ghosts[i])), text: boxes.map(name => (counts[name] ? in_millions(counts[name]) : "none")) },
    here: { x: [0], y: [-state.box] },
    said: { text: `${first}\n${second}\n${third}` },
    say: `${first}, ${second}. ${third}: ${thousands(counts[box])}.`,
  };
};
