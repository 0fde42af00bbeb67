export default ({ labels, changes, tokens, values, base, marker, said, bars, x_range, y_range }, control) => {
  const at = control.value - 1, change = changes[at];
  marker.data = { x: [at + 1], y: [change] };
  said.text = `without ${labels[at]}:\n${base.toFixed(4)} → ${(base + change).toFixed(4)} (${change >= 0 ? "+" : ""}${fixed(change, 4)})`;
  show_bars(bars, x_range, y_range, tokens[at], values[at], 3);
};
