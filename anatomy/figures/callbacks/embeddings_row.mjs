// Show the chosen row, and compute its cosine with every other row that the page carries.
let rows;
export default ({ word, used, centred, words, codes, scales, mean, cells, bars, title, n_shown }) => {
  rows ??= unpack_rows(codes, scales, mean.length);
  const which = words.indexOf(word.value), n = used.value, shift = centred.active ? mean : null;
  const near = cosines(rows, which, n, shift);
  const order = most_likely_first(near).filter(i => i !== which).slice(0, n_shown);
  const value = Array.from(rows[which], (x, j) => (j < n ? x - (shift ? shift[j] : 0) : 0));
  cells.data = { ...cells.data, value };
  const number = x => x.toFixed(2).replace("-", "−");
  bars.data = { ...bars.data, value: order.map(i => near[i]), text: order.map(i => number(near[i])), label: order.map(i => words[i]) };
  title.text = `mean of all ${near.length - 1}: ${number((near.reduce((a, b) => a + b, 0) - 1) / (near.length - 1))}`;
};
