// Rows of numbers from 8-bit codes and one scale for each group of neighbours in a row.
// codes: n_rows * width whole numbers; scales: n_rows * (width / group).
// Twin: anatomy.figures.embeddings.unpack
export function unpack_rows(codes, scales, width) {
  const n_rows = codes.length / width, group = codes.length / scales.length;
  return Array.from({ length: n_rows }, (_, i) =>
    Float64Array.from({ length: width }, (_, j) => codes[i * width + j] * scales[Math.floor((i * width + j) / group)]));
}
