// Show the stored ranking of the chosen question.
export default ({ question, exclude, target, bars, title, rankings }) => {
  const shown = rankings[Number(question.value)][Number(target.value)][exclude.active ? 1 : 0];
  const text = shown.value.map((cosine, i) => cosine.toFixed(2) + { input: "  input", answer: "  answer", other: "" }[shown.kind[i]]);
  bars.data = { ...bars.data, value: shown.value, label: shown.label, kind: shown.kind, text };
  title.text = shown.title;
};
