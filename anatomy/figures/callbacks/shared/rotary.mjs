// How far each pair of neighbours turns a position, in radians. Twin: anatomy.rope.frequencies
export function frequencies(d_head, base) {
  return Array.from({ length: d_head / 2 }, (_, i) => base ** ((-2 * i) / d_head));
}

// Each pair of neighbours turned by its position. Twin: anatomy.rope.rotate, for one token
export function rotated(x, position, base) {
  const turned = [];
  frequencies(x.length, base).forEach((frequency, i) => {
    const cos = Math.cos(position * frequency), sin = Math.sin(position * frequency);
    turned.push(x[2 * i] * cos - x[2 * i + 1] * sin, x[2 * i] * sin + x[2 * i + 1] * cos);
  });
  return turned;
}
