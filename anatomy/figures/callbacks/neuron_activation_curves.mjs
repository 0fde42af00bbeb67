export default ({ chosen, input, titles, edges, curve, points, tangent, flat, name_words, slope_words, words, x_range, y_range }) => {
  const name = chosen.value, x = input.value;
  const bounded = name === "sigmoid" || name === "tanh";
  [y_range.start, y_range.end] = bounded ? [-1.2, 1.55] : [-1.2, 5.8];
  const along = curve.data.x.map(at => activation(name, at));
  curve.data = { ...curve.data, y: along.map(pair => pair[0]), slope: along.map(pair => pair[1]) };

  const [value, slope] = activation(name, x);
  points.data = { ...points.data, x: [x, x], y: [value, slope] };
  tangent.data = { x: [x - 1, x + 1], y: [value - slope, value + slope] };
  const [left, right] = edges[name];
  flat.data = {
    ...flat.data,
    left: [x_range.start, right ?? x_range.end],
    right: [left ?? x_range.start, x_range.end],
  };
  name_words.text = titles[name];
  name_words.y = activation(name, name_words.x)[0];
  slope_words.y = activation(name, slope_words.x)[1];
  words.text = `input ${fixed(x, 1)}, output ${fixed(value)}, slope ${fixed(slope)}`;
  words.y = y_range.end;
};
