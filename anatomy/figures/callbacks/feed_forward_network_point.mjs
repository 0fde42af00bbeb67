// The mouse over a part, or a tap on it, chooses it in the control that keyboards use.
export default ({ control, source }, selected, { index } = {}) => {
  const [at] = (index ?? selected).indices;
  if (at === undefined) return;
  const pick = source.data.pick[at];
  if (pick === "") return;
  control.value = typeof control.value === "number" ? Number(pick) : pick;
};
