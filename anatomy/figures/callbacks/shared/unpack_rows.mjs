// The bytes that a text in base64 stands for.
export function bytes_of(text) {
  const six = Object.fromEntries([..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].map((c, i) => [c, i]));
  const bytes = [];
  for (let at = 0; at < text.length; at += 4) { // four characters are three bytes
    const [a, b, c, d] = [0, 1, 2, 3].map(i => six[text[at + i]] ?? 0);
    bytes.push((a << 2) | (b >> 4), ((b & 15) << 4) | (c >> 2), ((c & 3) << 6) | d);
  }
  return bytes.slice(0, bytes.length - (text.match(/=*$/)[0].length));
}

// Rows of numbers from 8-bit codes and one scale for each group of neighbours in a row, both in base64.
// codes: n_rows * width signed bytes; scales: n_rows * (width / group) pairs of bytes, low byte first, in 1 / `units`.
// Twin: anatomy.figures.embeddings.unpack
export function unpack_rows(codes, scales, units, width) {
  const signed = bytes_of(codes), pairs = bytes_of(scales);
  const group = (2 * signed.length) / pairs.length;
  const scale = n => (pairs[2 * n] + 256 * pairs[2 * n + 1]) / units;
  return Array.from({ length: signed.length / width }, (_, i) =>
    Float64Array.from({ length: width }, (_, j) => {
      const n = i * width + j, code = signed[n];
      return (code > 127 ? code - 256 : code) * scale(Math.floor(n / group));
    }));
}
