export default ({ weights, bias, chosen, targets, dots, sums, line, side, arrow, words }) => {
  const w = weights.map(s => s.value), b = bias.value, wanted = targets[chosen.value];
  const totals = dots.data.x.map((x, i) => running_totals([x, dots.data.y[i]], w, b).at(-1));
  const right = totals.map((sum, i) => sum > 0 === (wanted[i] === 1));
  dots.data = { ...dots.data, kind: wanted.map(String) };
  sums.data = {
    ...sums.data,
    sum: totals,
    kind: totals.map(sum => (sum > 0 ? "on" : "off")),
    text: totals.map((sum, i) => `${fixed(sum)} ${sum > 0 ? "on" : "off"} ${right[i] ? "✓" : "✕"}`),
    at: totals.map(sum => Math.max(sum, 0)),
  };

  const found = decision_line(w, b), far = 100;
  const corner = (along, across) => [0, 1].map(
    i => found.point[i] + far * (along * found.direction[i] + across * (i ? -found.direction[0] : found.direction[1])));
  const corners = found ? [corner(-1, 0), corner(1, 0), corner(1, 1), corner(-1, 1)]
    : b > 0 ? [[-far, -far], [far, -far], [far, far], [-far, far]] : [];
  side.data = { x: corners.map(c => c[0]), y: corners.map(c => c[1]) };
  const ends = found ? corners.slice(0, 2) : [];
  line.data = { x: ends.map(c => c[0]), y: ends.map(c => c[1]) };
  // the arrow starts where the line comes nearest to the middle of the square
  const along = found ? [0, 1].reduce((sum, i) => sum + (0.5 - found.point[i]) * found.direction[i], 0) : 0;
  const [x, y] = found ? [0, 1].map(i => found.point[i] + along * found.direction[i]) : [0, 0];
  arrow.data = { x: [x], y: [y], to_x: [x + w[0] / 2], to_y: [y + w[1] / 2] };
  words.data = { ...words.data, text: [`${right.filter(Boolean).length} of 4 right${found ? "" : ", no line"}`] };
};
