import { erfc } from "./erfc.mjs";

// [value, slope] of one activation at x; twin of anatomy.neuron_activation.ACTIVATIONS.
export function activation(name, x) {
  const s = 1 / (1 + Math.exp(-x));
  if (name === "identity") return [x, 1];
  if (name === "sigmoid") return [s, s * (1 - s)];
  if (name === "tanh") return [Math.tanh(x), 1 - Math.tanh(x) ** 2];
  if (name === "relu") return x > 0 ? [x, 1] : [0, 0];
  if (name === "leaky_relu") return x > 0 ? [x, 1] : [0.01 * x, 0.01];
  if (name === "silu") return [x * s, s + x * s * (1 - s)];
  if (name === "gelu") {
    const below = erfc(-x / Math.SQRT2) / 2;
    return [x * below, below + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)];
  }
  if (name === "gelu_tanh") {
    const root = Math.sqrt(2 / Math.PI);
    const bend = Math.tanh(root * (x + 0.044715 * x ** 3));
    const slope = root * (1 + 3 * 0.044715 * x * x);
    return [(x / 2) * (1 + bend), (1 + bend) / 2 + (x / 2) * (1 - bend * bend) * slope];
  }
  throw new Error(`no activation is called ${name}`);
}
