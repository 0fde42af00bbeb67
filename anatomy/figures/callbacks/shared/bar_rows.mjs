// What a plot made by parts.bars shows: numbers, and the words at their ends.
export function bar_rows(values, text) {
  const end = values.map(value => Math.max(value, 0));
  const sign = values.map(value => (value < 0 ? "minus" : "plus"));
  return { value: values, text, end, sign };
}
