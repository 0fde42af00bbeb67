// Show one saved step of the training run.
export default ({ points, here, title, xs, ys, steps, losses, silhouettes }, slider) => {
  const k = steps.indexOf(slider.value);
  points.data = { ...points.data, x: xs[k], y: ys[k] };
  here.data = { x: [steps[k], steps[k]], loss: [losses[k], losses[k]], silhouette: [silhouettes[k], silhouettes[k]], span: here.data.span };
  title.text = `step ${steps[k]}: loss ${losses[k].toFixed(2)}, silhouette ${silhouettes[k].toFixed(2).replace("-", "−")}`;
};
