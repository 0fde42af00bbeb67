// Where words may stand beside what they name without touching each other, a mark or the edge.
// frame: {x: [low, high], y: [low, high], width, height}: the plot's ranges, and its size in pixels.
// marks: [x, y] that stay free. wanted: {x, y, text, reach, far}, most important first; reach: half the size, in pixels,
// of the mark; far: how many pixels the word may stand off it. Or, for one word of several marks, also own and others:
// its marks, and those of others. -> lists of columns for a text glyph, one for each wanted: dx, dy lead from (x, y) to the
// middle of the word; text is "" where there is no room.
export function place_labels(frame, marks, wanted) {
  const at = (x, y) => [
    ((x - frame.x[0]) / (frame.x[1] - frame.x[0])) * frame.width,
    ((frame.y[1] - y) / (frame.y[1] - frame.y[0])) * frame.height,
  ];
  const touch = (a, b) => Math.abs(a.x - b.x) < a.w + b.w && Math.abs(a.y - b.y) < a.h + b.h;
  const taken = marks.map(([x, y]) => ({ x: at(x, y)[0], y: at(x, y)[1], w: 6, h: 6 }));
  const placed = { x: [], y: [], dx: [], dy: [], text: [] };
  const free = ({ x, y, w, h }) => x - w >= 0 && x + w <= frame.width && y - h >= 0 && y + h <= frame.height;
  for (const { x, y, text, reach = 6, far = 10, own = [[x, y]], others = [] } of wanted) {
    const w = 3.7 * text.length + 2, h = 8;
    const boxes = own.flatMap(mark => {
      const [px, py] = at(...mark);
      return [1, 10, 20, 32].filter(gap => gap <= far).flatMap(gap => {
        const right = reach + gap + w, down = reach + gap + h;
        return [[right, 0], [-right, 0], [0, -down], [0, down], [right, -down], [-right, -down], [right, down], [-right, down]];
      }).map(([dx, dy]) => ({ x: px + dx, y: py + dy, w, h, mark, dx, dy }));
    }).filter(box => free(box) && !taken.some(other => touch(other, box)));
    // a word of many marks stands where it is furthest from the marks of others, and near its own
    const gap = (box, mark) => Math.hypot(box.x - at(...mark)[0], box.y - at(...mark)[1]);
    const worth = box => Math.min(60, ...others.map(mark => gap(box, mark))) - 0.3 * own.reduce((sum, mark) => sum + gap(box, mark), 0) / own.length;
    const spot = others.length ? boxes.sort((a, b) => worth(b) - worth(a))[0] : boxes[0];
    if (spot) taken.push(spot);
    placed.x.push(spot ? spot.mark[0] : x);
    placed.y.push(spot ? spot.mark[1] : y);
    placed.dx.push(spot ? spot.dx : 0);
    placed.dy.push(spot ? spot.dy : 0);
    placed.text.push(spot ? text : "");
  }
  return placed;
}

// Names of groups of marks as place_labels wants them: beside any of their own marks, away from others.
export function of_groups(x, y, groups) {
  const marks = keep => groups.flatMap((group, i) => (keep(group) ? [[x[i], y[i]]] : []));
  return [...new Set(groups)].map(name => {
    const own = marks(group => group === name);
    return { x: own[0][0], y: own[0][1], text: name, own, others: marks(group => group !== name) };
  });
}

// The first two words of each group, of those the marks i.
export function two_a_group(groups) {
  return groups.flatMap((group, i) => (groups.slice(0, i).filter(other => other === group).length < 2 ? [i] : []));
}
