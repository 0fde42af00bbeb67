// A small positive number in few signs: 0.42, 3e−6.
export function short(value) {
  return value === 0 || value >= 0.01 ? value.toFixed(2) : value.toExponential(0).replace("-", "−");
}
