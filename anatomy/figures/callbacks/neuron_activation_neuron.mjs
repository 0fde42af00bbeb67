export default ({ inputs, weights, bias, chosen, steps, curve, point, guide, words, y_range }) => {
  const name = chosen.value;
  const totals = running_totals(inputs.map(s => s.value), weights.map(s => s.value), bias.value);
  const sum = totals.at(-1);
  const left = totals.slice(0, -1), right = totals.slice(1);
  left.push(0);
  right.push(sum);
  const kind = left.map((start, i) => (i === left.length - 1 ? "sum" : right[i] < start ? "minus" : "plus"));
  const text = left.map((start, i) => fixed(right[i] - start));
  const end = left.map((start, i) => Math.max(start, right[i]));
  steps.data = { ...steps.data, left, right, kind, text, end };

  const [output] = activation(name, sum);
  curve.data = { ...curve.data, y: curve.data.x.map(x => activation(name, x)[0]) };
  const bounded = name === "sigmoid" || name === "tanh";
  [y_range.start, y_range.end] = bounded ? [-1.3, 1.6] : [-2, 8.6];
  if (name === "identity") y_range.start = -8;
  point.data = { x: [sum], y: [output] };
  guide.data = { x: [sum, sum, -7.5], y: [y_range.start, output, output] };
  words.text = `sum ${fixed(sum)}, output ${fixed(output)}`;
  words.y = y_range.end;
};
