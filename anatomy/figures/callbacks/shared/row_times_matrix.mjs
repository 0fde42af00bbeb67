// A row of numbers times a matrix (a list of rows).
// Twin: numpy's x @ w
export function row_times_matrix(x, w) {
  return w[0].map((_, j) => x.reduce((sum, number, i) => sum + number * w[i][j], 0));
}
