// Apply the steps in the reader's order to the chosen prompt, and say what each of them cut.
export default ({ which, order, sliders, source, ledger, y_range, x_range, shown, tokens, gaps, counts }) => {
  const names = { temperature: "temperature", "top-k": "top_k", "top-p": "top_p", "min-p": "min_p" };
  const values = { temperature: sliders[0].value, "top-k": sliders[1].value, "top-p": sliders[2].value, "min-p": sliders[3].value };
  const chosen = order.map(select => select.value);
  const labels = chosen.filter(label => label in names);
  const n = Number(which.value);
  const stages = apply_steps(gaps[n], counts[n], labels.map(label => [names[label], values[label]]));
  const first = stages[0], last = stages.at(-1);
  const mass = (stage, from) => stage.probabilities.reduce((sum, p, i) => sum + (i < from ? 0 : p * stage.counts[i]), 0);
  const whole = x => Math.round(x).toLocaleString("en");

  const label = [...tokens[n], "all others"], before = [], after = [], text = [];
  for (let i = 0; i < shown; i++) {
    const a = first.probabilities[i], b = last.probabilities[i];
    const cutAt = stages.findIndex(stage => stage.counts[i] === 0);
    before.push(a);
    after.push(b);
    text.push(cutAt > 0 ? `${a.toFixed(3)}, cut: ${labels[cutAt - 1]}` : `${a.toFixed(3)} → ${b.toFixed(3)}`);
  }
  const left = last.counts.slice(shown).reduce((a, b) => a + b, 0);
  before.push(mass(first, shown));
  after.push(mass(last, shown));
  text.push(left
    ? `${before[shown].toFixed(3)} → ${after[shown].toFixed(3)}, ${whole(left)} left`
    : `${before[shown].toFixed(3)}, all cut`);
  const y = label.map((word, i) => `${i}\u241f${word}`);
  const end = before.map((b, i) => Math.max(b, after[i]));
  y_range.factors = [...y].reverse();
  source.data = { y, before, after, text, end };
  x_range.end = Math.max(...end) * 1.75;

  const rows = [["softmax", first, ""]];
  let at = 0;
  for (const step of chosen) {
    if (!(step in names)) {
      rows.push([step, null, ""]);
      continue;
    }
    const had = stages[at], stage = stages[++at];
    const kept = had.probabilities.reduce((sum, p, i) => sum + p * Math.min(stage.counts[i], had.counts[i]), 0);
    const cuts = step !== "temperature" || values[step] === 0;
    rows.push([`${step} ${Number(values[step].toFixed(2))}`, stage, cuts ? Math.max(0, 1 - kept).toFixed(3) : ""]);
  }
  const columns = rows.map(([what, stage, cut]) => {
    if (!stage) return [what, "", "", "", ""];
    const nats = entropy(stage.probabilities, stage.counts), many = Math.round(Math.exp(nats) * 10) / 10;
    const perplexity = many >= 1000 || Number.isInteger(many) ? whole(many) : many.toFixed(1);
    return [what, whole(stage.counts.reduce((a, b) => a + b)), cut, (nats / Math.LN2).toFixed(2), perplexity];
  });
  const data = { y: ledger.data.y };
  for (let c = 0; c < 5; c++) data[`c${c}`] = columns.map(row => row[c]);
  ledger.data = data;
};
