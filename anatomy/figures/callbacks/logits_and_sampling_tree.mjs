// Redraw the columns along the chosen path; a new choice puts the later steps back to the likeliest token.
export default ({ steps, bars, chosen, others, links, title, end, keys, tokens, probabilities, rest, bits }, moved) => {
  if (steps.busy) return;
  steps.busy = true;
  const visible = token => token.replaceAll(" ", "·").replaceAll("\n", "↵").replaceAll("\t", "⇥");
  const node = path => keys.indexOf(path.join(""));
  const path = [];
  const from = steps.indexOf(moved);
  steps.forEach((step, depth) => {
    if (depth > from) {
      step.options = tokens[node(path)].map((token, i) => [String(i), visible(token)]);
      step.value = "0";
    }
    path.push(Number(step.value));
  });
  steps.busy = false;

  const all = { left: [], right: [], y: [], text: [], text_y: [] };
  const picked = { left: [], right: [], y: [] }, remaining = { left: [], right: [], y: [] };
  const lines = { xs: [], ys: [] };
  const add = (rows, values) => Object.keys(rows).forEach((key, i) => rows[key].push(values[i]));
  let words = end;
  const factors = [];
  path.forEach((rank, depth) => {
    const at = node(path.slice(0, depth)), n = tokens[at].length;
    [...tokens[at], "all others"].forEach((token, i) => {
      const p = i < n ? probabilities[at][i] : rest[at], right = depth + 0.86 * p;
      add(all, [depth, right, -i - 0.16, `${i < n ? visible(token) : token} ${p.toFixed(3)}`, -i + 0.24]);
      if (i === n) add(remaining, [depth, right, -i - 0.16]);
      if (i === rank) add(picked, [depth, right, -i - 0.16]);
    });
    const p = probabilities[at][rank], y = -rank - 0.16;
    if (depth < path.length - 1) {
      lines.xs.push([depth + 0.86 * p, depth + 0.94], [depth + 0.94, depth + 0.94]);
      lines.ys.push([y, y], [0.4, -n - 0.4]);
    }
    add(all, [depth, depth, -n - 0.85, `${bits[at].toFixed(1)} bits`, -n - 0.85]);
    words += tokens[at][rank];
    factors.push(p);
  });
  bars.data = all;
  chosen.data = picked;
  others.data = remaining;
  links.data = lines;
  const product = factors.reduce((a, b) => a * b, 1);
  title.text = `${words} …\n${factors.map(p => p.toFixed(4)).join(" × ")} = ${product.toFixed(4)}`;
};
