import { fixed } from "./shared/fixed.mjs";

const cut = text => (text.length > 68 ? `${text.slice(0, 66)} …` : text);
const halves = text => {
  if (text.length <= 34) return [text, " "];
  const space = text.lastIndexOf(" ", 34), at = space > 8 ? space : 34;
  return [text.slice(0, at), text.slice(at).trim()];
};

export const show = ({ questions, layouts, answers, p, written, n_rows }, { question, layout }) => {
  const tokens = answers[question], full = p[question][0], here = p[question][layout];
  const pad = (list, with_) => [...list, ...Array(n_rows - list.length).fill(with_)];
  const [first, second] = halves(cut(written[question][layout].trim().replaceAll("\n", "⏎")));
  return {
    bars_axis: { labels: pad(tokens, " ") },
    bars: { value: pad(here, 0), end: pad(here.map((x, i) => Math.max(x, full[i])), 0), text: pad(here.map(x => (x >= 0.005 ? fixed(x) : "< 0.01")), "") },
    ghosts: { value: pad(full, 0) },
    said: { text: `By itself it goes on:\n${first}\n${second}` },
    say: `${questions[question]} ${layouts[layout]}: it writes ${written[question][layout]} Probabilities of the template's answer: ${tokens.map((token, i) => `${token} ${fixed(here[i])}, in the template ${fixed(full[i])}`).join("; ")}.`,
  };
};
