// The bars, the line and the dots at the temperature of the slider.
export default ({ bars, here, dots, title, logits }, slider) => {
  const t = slider.value, p = softmax(logits, t);
  bars.data = { ...bars.data, value: p, text: p.map(x => x.toFixed(3)) };
  here.data = { ...here.data, x: [t, t] };
  dots.data = { x: p.map(() => t), y: p };
  title.text = `T = ${t.toFixed(2)}, perplexity ${Math.exp(entropy(p, p.map(() => 1))).toFixed(2)}`;
};
