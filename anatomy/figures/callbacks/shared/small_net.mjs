import { row_times_matrix } from "./row_times_matrix.mjs";
import { softmax } from "./softmax.mjs";

// A network with one tanh layer and a softmax: net = { w1, b1, w2, b2 }, x and target of one example.
// Twin: anatomy.backpropagation.run_network
export function net_values(net, x) {
  const sums = row_times_matrix(x, net.w1).map((sum, j) => sum + net.b1[j]);
  const hidden = sums.map(Math.tanh);
  const logits = row_times_matrix(hidden, net.w2).map((sum, k) => sum + net.b2[k]);
  return { x, sums, hidden, logits, p: softmax(logits) };
}

// The gradient of -log p[target] with respect to every number. Twin: anatomy.backpropagation.Tensor.backward
export function net_gradients(net, { x, hidden, p }, target) {
  const logits = p.map((share, k) => share - (k === target ? 1 : 0));
  const back = (w, g) => w.map(row => row.reduce((sum, weight, k) => sum + weight * g[k], 0));
  const outer = (values, g) => values.map(value => g.map(slope => value * slope));
  const at_hidden = back(net.w2, logits);
  const sums = at_hidden.map((g, j) => g * (1 - hidden[j] ** 2));
  return { logits, hidden: at_hidden, sums, x: back(net.w1, sums), w1: outer(x, sums), b1: sums, w2: outer(hidden, logits), b2: logits };
}

// The network after 0, 1 … n updates. Twin: anatomy.backpropagation.gradient_step
export function net_trained(net, x, target, lr, n) {
  const step = (value, g) => (Array.isArray(value) ? value.map((part, i) => step(part, g[i])) : value - lr * g);
  const nets = [net];
  while (nets.length <= n) {
    const last = nets.at(-1), g = net_gradients(last, net_values(last, x), target);
    nets.push(Object.fromEntries(["w1", "b1", "w2", "b2"].map(name => [name, step(last[name], g[name])])));
  }
  return nets;
}
