import { activation } from "./activation.mjs";
import { row_times_matrix } from "./row_times_matrix.mjs";

// Twin of anatomy.feed_forward_network.gated for one token.
export function gated(x, w_gate, w_up, w_down, name) {
  const before = row_times_matrix(x, w_gate);
  const gate = before.map(sum => activation(name, sum)[0]);
  const up = row_times_matrix(x, w_up);
  const hidden = gate.map((share, j) => share * up[j]);
  return { before, gate, up, hidden, output: row_times_matrix(hidden, w_down) };
}
