// The curves and their labels for the chosen prompt.
export default ({ sources, labels, counts }, select) => {
  counts[Number(select.value)].forEach((y, i) => {
    sources[i].data = { ...sources[i].data, y };
    labels[i].y = y.at(-1);
  });
};
