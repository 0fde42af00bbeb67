// Cosines of one row with every row, by their first n_numbers, after a shift is taken from all of them.
// Twin: anatomy.embeddings.cosine_matrix((rows - shift)[:, :n_numbers])[which]
export function cosines(rows, which, n_numbers = rows[0].length, shift = null) {
  const dot = (a, b) => {
    let sum = 0;
    for (let j = 0; j < n_numbers; j++) {
      const s = shift ? shift[j] : 0;
      sum += (a[j] - s) * (b[j] - s);
    }
    return sum;
  };
  const own = Math.sqrt(dot(rows[which], rows[which]));
  return Array.from(rows, row => dot(rows[which], row) / (own * Math.sqrt(dot(row, row))));
}
