// The XOR network at two inputs: its hidden neurons and its output. leak is the slope below zero.
// Twin of anatomy.neuron_activation.xor_hidden and xor.
export function xor_net(x, leak) {
  const bend = sum => (sum > 0 ? sum : leak * sum);
  const ones = x[0] + x[1];
  const hidden = [bend(ones), bend(ones - 1)];
  return { hidden, output: hidden[0] - 2 * hidden[1] };
}
