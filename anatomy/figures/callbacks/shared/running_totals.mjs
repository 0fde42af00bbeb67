// A neuron's sum as it grows: 0, then one product after another, then the bias.
// Twin of anatomy.neuron_activation.running_totals.
export function running_totals(x, w, b) {
  const totals = [0];
  [...x.map((value, i) => value * w[i]), b].forEach((step, i) => totals.push(totals[i] + step));
  return totals;
}
