// The nearest whole number; half-way, the even one. Twin: np.rint
export function round_to_even(x) {
  const near = Math.round(x);
  return near - x === 0.5 && near % 2 !== 0 ? near - 1 : near;
}

// Codes, scales and what they are read back as, one scale for each group of `size` neighbours.
// Twin: anatomy.quantization.quantize and its dequantize
export function quantized(x, bits, size, symmetric) {
  const highest = symmetric ? 2 ** (bits - 1) - 1 : 2 ** bits - 1, lowest = symmetric ? -highest : 0;
  const codes = [], scales = [], zeros = [], values = [];
  for (let start = 0; start < x.length; start += size) {
    const group = x.slice(start, start + size);
    const top = symmetric ? Math.max(...group.map(Math.abs)) : Math.max(0, ...group);
    const bottom = symmetric ? 0 : Math.min(0, ...group);
    const scale = (top - bottom) / highest || 1;
    const zero = symmetric ? 0 : round_to_even(-bottom / scale);
    scales.push(scale);
    zeros.push(zero);
    for (const number of group) {
      const code = Math.min(highest, Math.max(lowest, round_to_even(number / scale) + zero));
      codes.push(code);
      values.push((code - zero) * scale);
    }
  }
  return { codes, scales, zeros, values };
}
