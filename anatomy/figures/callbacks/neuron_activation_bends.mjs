export default ({ count, chosen, fits, knots, curve, marks, words }) => {
  const n = count.value, y = fits[chosen.value].curves[n - 1];
  curve.data = { ...curve.data, y };
  const at = knots.slice(0, n).map(knot => curve.data.x.findIndex(x => Math.abs(x - knot) < 1e-6));
  marks.data = { x: at.map(i => curve.data.x[i]), y: at.map(i => y[i]) };
  words.text = `mean squared error ${fits[chosen.value].errors[n - 1]}`;
};
