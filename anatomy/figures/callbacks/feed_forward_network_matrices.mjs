export default ({ pick, value, chosen, items, sizes, titles, ffn, stream, edges, nodes, lit_cells, lit_edges, lit_nodes, words }, widget) => {
  const item = items[Number(pick.value)];
  const text = numbers => numbers.map(number => fixed(number));
  const [d_in, d_ff, d_out] = sizes;
  const n_weights = d_ff * (d_in + d_out);
  const weights = ffn.data.value.slice(0, n_weights + d_ff + d_out);
  const x = stream.data.value.slice(0, d_in);

  // the slider shows the number that is looked at, or changes it
  value.disabled = item.kind === "neuron" || item.kind === "output";
  const numbers = item.kind === "input" ? x : weights;
  if (widget === value && !value.disabled) numbers[item.at] = value.value;
  if (widget !== value && !value.disabled) value.value = numbers[item.at];

  const rows = (from, n, width) => Array.from({ length: n }, (_, i) => weights.slice(from + i * width, from + (i + 1) * width));
  const w_in = rows(0, d_in, d_ff), w_out = rows(d_in * d_ff, d_ff, d_out);
  const biases = weights.slice(n_weights);
  const { before, hidden, output } = mlp(x, w_in, biases.slice(0, d_ff), w_out, biases.slice(d_ff), chosen.value);

  const inside = [...weights, ...before, ...hidden], outside = [...x, ...output];
  ffn.data = { ...ffn.data, value: inside, text: text(inside) };
  stream.data = { ...stream.data, value: outside, text: text(outside) };
  const along = weights.slice(0, n_weights);
  edges.data = {
    ...edges.data,
    sign: along.map(w => (w < 0 ? "minus" : "plus")),
    dash: along.map(w => (w < 0 ? "dashed" : "solid")),
    width: along.map(w => 1 + 2 * Math.abs(w)),
  };
  nodes.data = { ...nodes.data, text: text([...x, ...hidden, ...output]) };

  const part = (data, at) => Object.fromEntries(Object.entries(data).map(([key, list]) => [key, at.map(i => list[i])]));
  const cells = [...item.ffn.map(i => [ffn, i]), ...item.stream.map(i => [stream, i])];
  lit_cells.data = { x: cells.map(([s, i]) => s.data.x[i]), y: cells.map(([s, i]) => s.data.y[i]) };
  lit_edges.data = part({ xs: edges.data.xs, ys: edges.data.ys, width: edges.data.width.map(w => w + 3) }, item.edges);
  lit_nodes.data = part({ x: nodes.data.x, y: nodes.data.y }, item.nodes);

  const [i, j] = item.index, f = number => fixed(number);
  words.text = {
    w_in: () => `x[${i}] · w_in[${i}, ${j}] = ${f(x[i])} × ${f(w_in[i][j])} = ${f(x[i] * w_in[i][j])}\nis added into before[${j}]`,
    w_out: () => `hidden[${i}] · w_out[${i}, ${j}] = ${f(hidden[i])} × ${f(w_out[i][j])} = ${f(hidden[i] * w_out[i][j])}\nis added into output[${j}]`,
    b_in: () => `b_in[${i}] = ${f(biases[i])}\nis added into before[${i}]`,
    b_out: () => `b_out[${i}] = ${f(biases[d_ff + i])}\nis added into output[${i}]`,
    input: () => `x[${i}] = ${f(x[i])}\nmeets row ${i} of w_in`,
    neuron: () => `neuron ${i}: ${titles[chosen.value]}(${f(before[i])}) = ${f(hidden[i])}\nkey: column ${i} of w_in; value: row ${i} of w_out`,
    output: () => `output[${i}] = ${f(output[i])}\nhidden meets column ${i} of w_out, then + b_out[${i}]`,
  }[item.kind]();
};
