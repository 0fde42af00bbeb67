export default ({ leak, tent, answers, hidden, inputs, words }) => {
  const a = leak.value;
  tent.data = { ...tent.data, y: tent.data.x.map(ones => xor_net([ones, 0], a).output) };
  const found = inputs.map(x => xor_net(x, a));
  const text = found.map(({ output }, ones) => `${fixed(output)} ${output > 0.5 === (ones === 1) ? "✓" : "✕"}`);
  answers.data = { ...answers.data, y: found.map(f => f.output), text };
  hidden.data = { ...hidden.data, x: found.map(f => f.hidden[0]), y: found.map(f => f.hidden[1]) };
  const solved = text.every(t => t.endsWith("✓"));
  words.text = solved ? "a line parts 0 from 1" : a === 1 ? "all on one line" : "not yet";
};
