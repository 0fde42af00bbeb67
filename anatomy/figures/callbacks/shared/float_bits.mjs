// What a bit pattern stands for. form: exponent and mantissa in bits, infinity: whether the highest exponent means it.
// Twin: anatomy.quantization.decode_float
export function decode_float(code, { exponent, mantissa, infinity }) {
  const sign = code >> (exponent + mantissa) ? -1 : 1, rest = code & (2 ** (exponent + mantissa) - 1);
  const e = rest >> mantissa, m = rest & (2 ** mantissa - 1), bias = 2 ** (exponent - 1) - 1;
  const largest = largest_code({ exponent, mantissa, infinity });
  if (rest > largest) return infinity && rest === largest + 1 ? sign * Infinity : NaN;
  return sign * (m / 2 ** mantissa + (e > 0 ? 1 : 0)) * 2 ** (Math.max(e, 1) - bias);
}

// The pattern of the largest finite number.
export function largest_code({ exponent, mantissa, infinity }) {
  return 2 ** (exponent + mantissa) - 1 - (infinity ? 2 ** mantissa : 1);
}

// The pattern of the number nearest to x; too large becomes infinity, or the largest where there is none.
// Twin: anatomy.quantization.encode_float
export function encode_float(x, form) {
  const { exponent, mantissa, infinity } = form, top = 2 ** (exponent + mantissa), largest = largest_code(form);
  const sign = x < 0 || Object.is(x, -0) ? top : 0, size = Math.abs(x);
  if (Number.isNaN(x)) return top - 1;
  const beyond = sign + largest + (infinity ? 1 : 0);
  if (size === Infinity) return beyond;
  let low = 0, high = largest; // patterns stand in the order of their numbers
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (decode_float(middle, form) <= size) low = middle;
    else high = middle - 1;
  }
  if (low === largest) {
    const step = decode_float(largest, form) - decode_float(largest - 1, form);
    const last = decode_float(largest, form), half = last + step / 2;
    return size > half || (size === half && largest % 2 === 1) ? beyond : sign + largest;
  }
  const below = size - decode_float(low, form), above = decode_float(low + 1, form) - size;
  return sign + (below < above || (below === above && low % 2 === 0) ? low : low + 1);
}
