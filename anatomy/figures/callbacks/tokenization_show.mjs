// Shows the rows of one step, word or measure: every view of the figure has the same filter.
export default ({ filter, axis, x_range, scales }, { value }) => {
  filter.group = String(value);
  if (scales) [axis.axis_label, x_range.end] = scales[Number(value)];
};
