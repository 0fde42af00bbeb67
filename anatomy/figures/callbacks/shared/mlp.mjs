import { activation } from "./activation.mjs";
import { row_times_matrix } from "./row_times_matrix.mjs";

// Twin of anatomy.feed_forward_network.mlp for one token.
export function mlp(x, w_in, b_in, w_out, b_out, name) {
  const before = row_times_matrix(x, w_in).map((sum, j) => sum + b_in[j]);
  const hidden = before.map(sum => activation(name, sum)[0]);
  const output = row_times_matrix(hidden, w_out).map((sum, k) => sum + b_out[k]);
  return { before, hidden, output };
}
