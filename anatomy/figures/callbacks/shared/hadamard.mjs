// Sums and differences of neighbours at every distance, over the root of their number, which is a power of two.
// Twin: anatomy.quantization.hadamard
export function hadamard(x) {
  let y = [...x];
  for (let apart = 1; apart < x.length; apart *= 2) {
    y = y.map((number, i) => (i & apart ? y[i - apart] - number : number + y[i + apart]));
  }
  return y.map(number => number / Math.sqrt(x.length));
}
