// The mouse over the plot, or a tap in it, chooses the neuron whose bar is nearest.
export default ({ control }, { x }) => {
  control.value = Math.min(Math.max(Math.round(x), control.start), control.end);
};
