export default ({ labels, heights, tokens, pulls, keys, values, key_ranges, value_ranges }, control) => {
  const at = Number(control.value);
  show_bars(keys, ...key_ranges, labels[at], heights[at], 2);
  show_bars(values, ...value_ranges, tokens[at], pulls[at], 2);
};
