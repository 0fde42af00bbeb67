// Where words may stand beside what they name without touching each other, a mark or the edge.
// frame: {x: [low, high], y: [low, high], width, height}: the plot's ranges, and its size in pixels.
// marks: [x, y] that stay free. wanted: {x, y, text, reach}, most important first; reach: half the width and height, in
// pixels, of what is named; far: how many pixels a word may stand off. -> lists of columns for a text glyph, one for each wanted: dx, dy lead from (x, y) to the
// middle of the word; text is "" where there is no room.
export function place_labels(frame, marks, wanted) {
  const at = (x, y) => [
    ((x - frame.x[0]) / (frame.x[1] - frame.x[0])) * frame.width,
    ((frame.y[1] - y) / (frame.y[1] - frame.y[0])) * frame.height,
  ];
  const touch = (a, b) => Math.abs(a.x - b.x) < a.w + b.w && Math.abs(a.y - b.y) < a.h + b.h;
  const taken = marks.map(([x, y]) => ({ x: at(x, y)[0], y: at(x, y)[1], w: 6, h: 6 }));
  const placed = { x: [], y: [], dx: [], dy: [], text: [] };
  for (const { x, y, text, reach = [6, 6], far = 10 } of wanted) {
    const [px, py] = at(x, y), w = 3.7 * text.length + 2, h = 8;
    const spots = [1, 10, 20, 32].filter(gap => gap <= far).flatMap(gap => {
      const right = reach[0] + gap + w, down = reach[1] + gap + h;
      return [[right, 0], [-right, 0], [0, -down], [0, down], [right, -down], [-right, -down], [right, down], [-right, down]];
    });
    const box = ([dx, dy]) => ({ x: px + dx, y: py + dy, w, h });
    const free = ({ x, y, w, h }) => x - w >= 0 && x + w <= frame.width && y - h >= 0 && y + h <= frame.height;
    const spot = spots.find(spot => free(box(spot)) && !taken.some(other => touch(other, box(spot))));
    if (spot) taken.push(box(spot));
    placed.x.push(x);
    placed.y.push(y);
    placed.dx.push(spot ? spot[0] : 0);
    placed.dy.push(spot ? spot[1] : 0);
    placed.text.push(spot ? text : "");
  }
  return placed;
}

// Groups of marks as place_labels wants them: the middle and the reach of each group.
export function around_groups(frame, x, y, groups) {
  return [...new Set(groups)].map(name => {
    const own = groups.flatMap((group, i) => (group === name ? [i] : []));
    const ends = values => [Math.min(...own.map(i => values[i])), Math.max(...own.map(i => values[i]))];
    const [[left, right], [low, high]] = [ends(x), ends(y)];
    const reach = [
      6 + ((right - left) / (frame.x[1] - frame.x[0])) * (frame.width / 2),
      6 + ((high - low) / (frame.y[1] - frame.y[0])) * (frame.height / 2),
    ];
    return { x: (left + right) / 2, y: (low + high) / 2, text: name, reach };
  });
}

// The first two words of each group, of those the marks i.
export function two_a_group(groups) {
  return groups.flatMap((group, i) => (groups.slice(0, i).filter(other => other === group).length < 2 ? [i] : []));
}
