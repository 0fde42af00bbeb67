// Write the chosen token's one-hot column, the products and their sum.
export default ({ table, ids, source, products, title, words }, select) => {
  const id = words.indexOf(select.value);
  const one_hot = words.map((_, i) => (i === id ? 1 : 0));
  const sum = row_times_matrix(one_hot, table);
  const text = x => x.toFixed(1).replace("-", "−");
  const hot = source.data.column.map((column, n) => (column === ids ? one_hot[words.indexOf(source.data.row[n])] : null));
  const value = source.data.value.map((old, n) => hot[n] ?? old);
  source.data = { ...source.data, value, text: source.data.text.map((old, n) => (hot[n] === null ? old : String(hot[n]))) };
  const width = table[0].length;
  const made = products.data.value.map((_, n) => {
    const i = Math.floor(n / width), j = n % width;
    return i < words.length ? one_hot[i] * table[i][j] : sum[j];
  });
  products.data = { ...products.data, value: made.map(x => x + 0), text: made.map(x => text(x + 0)) };
  title.text = `the sum is row ${id} of the table`;
};
