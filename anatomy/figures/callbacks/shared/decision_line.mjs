// Where w·x + b = 0 for two inputs: the point nearest the origin, and a step of length 1 along the line.
// Twin of anatomy.neuron_activation.decision_line; null where the weights are zero.
export function decision_line(w, b) {
  const length = Math.hypot(w[0], w[1]);
  if (length === 0) return null;
  const normal = [w[0] / length, w[1] / length];
  return { point: [(-normal[0] * b) / length, (-normal[1] * b) / length], direction: [-normal[1], normal[0]] };
}
