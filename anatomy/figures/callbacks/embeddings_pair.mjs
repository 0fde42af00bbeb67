// Mark the chosen word and its nearest neighbours in both tables; the neighbours are computed from all their numbers.
export default ({ tables, words, points, marks, titles, n_shown }, select) => {
  const which = words.indexOf(select.value);
  tables.forEach((rows, t) => {
    const near = cosines(rows, which);
    const order = most_likely_first(near).filter(i => i !== which).slice(0, n_shown);
    const { x, y } = points[t].data;
    const shown = [which, ...order];
    marks[t].data = { x: shown.map(i => x[i]), y: shown.map(i => y[i]), text: shown.map(i => words[i]) };
    titles[t].text = `${words[which]}: ${order.map(i => `${words[i]} ${near[i].toFixed(2)}`).join(", ")}`;
  });
};
