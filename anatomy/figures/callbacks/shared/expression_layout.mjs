const HIGHEST = 1.4;
const GAP = 1.1; // between the nodes of a column
const CLEAR = 0.62; // between an edge and the nodes that it passes, with the words above and below them

// Where the nodes of an expression stand, and the curves between them: x from 0 to 1, y from -HIGHEST to HIGHEST.
// -> { x, y, edges: [{ parent, child, place, xs, ys }] }, place: which parent of the child
export function expression_layout(nodes) {
  const column = nodes.map(() => 0);
  nodes.forEach(({ parents }, i) => { if (parents.length) column[i] = 1 + Math.max(...parents.map(p => column[p])); });
  nodes.forEach((node, i) => { // a number stands close to where it is used
    if (!node.operation && !node.name) column[i] = column[nodes.findIndex(other => other.parents.includes(i))] - 1;
  });
  const last = Math.max(...column), y = nodes.map(() => 0);
  const names = nodes.map((node, i) => i).filter(i => nodes[i].name).sort((i, j) => (nodes[i].name < nodes[j].name ? -1 : 1));
  names.forEach((i, place) => { y[i] = GAP * ((names.length - 1) / 2 - place); });
  nodes.forEach(({ operation, name, parents }, i) => {
    const from = parents.filter(p => nodes[p].operation || nodes[p].name).map(p => y[p]);
    if (operation) y[i] = from.length ? from.reduce((a, b) => a + b) / from.length : 0;
    else if (!name) y[i] = -GAP;
  });
  for (let c = 0; c <= last; c += 1) {
    const here = nodes.map((_, i) => i).filter(i => column[i] === c).sort((i, j) => y[j] - y[i] || i - j);
    const middle = here.reduce((sum, i) => sum + y[i], 0) / here.length;
    if (here.some((i, place) => place && y[here[place - 1]] - y[i] < GAP)) {
      here.forEach((i, place) => { y[i] = middle + GAP * ((here.length - 1) / 2 - place); });
    }
  }
  const middle = (Math.max(...y) + Math.min(...y)) / 2;
  const scale = Math.min(1.3, HIGHEST / Math.max(...y.map(v => Math.abs(v - middle))));
  y.forEach((v, i) => { y[i] = (v - middle) * scale; });
  const edges = [];
  nodes.forEach(({ parents }, child) => parents.forEach((parent, place) => {
    const curve = bend => Array.from({ length: 13 }, (_, step) => {
      const t = step / 12;
      return [column[parent] + t * (column[child] - column[parent]), y[parent] + t * (y[child] - y[parent]) + bend * 4 * t * (1 - t)];
    });
    const distance = bend => Math.min(...curve(bend).map(([x, v]) => Math.min(
      CLEAR, HIGHEST + 0.3 + CLEAR - Math.abs(v), // not out of the plot
      ...nodes.map((_, i) => (i === parent || i === child ? CLEAR : Math.hypot(x - column[i], v - y[i]))))));
    const twin = parents[0] === parents[1];
    const bends = twin ? [place ? -0.35 : 0.35] : [0, 0.4, -0.4, 0.8, -0.8, 1.2, -1.2];
    const free = bends.map(distance);
    const points = curve(bends[free.indexOf(Math.max(...free))]);
    edges.push({ parent, child, place, xs: points.map(([x]) => x / last), ys: points.map(([, v]) => v) });
  }));
  return { x: column.map(c => c / last), y, edges };
}
