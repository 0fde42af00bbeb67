import { fixed } from "./fixed.mjs";

// Put labelled values into a bar plot made by token_bars in anatomy/figures/feed_forward_network.py.
export function show_bars(bars, x_range, y_range, labels, values, digits) {
  const places = labels.map((label, place) => `${place}\u241f${label}`);
  y_range.factors = [...places].reverse();
  x_range.start = Math.min(...values, 0) * 1.05;
  x_range.end = Math.max(...values, 1e-9) * 1.35;
  bars.data = {
    y: places,
    value: values,
    sign: values.map(value => (value < 0 ? "minus" : "plus")),
    text: values.map(value => fixed(value, digits)),
    end: values.map(value => Math.max(value, 0)),
  };
}
