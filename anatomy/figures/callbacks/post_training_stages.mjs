import { fixed } from "./shared/fixed.mjs";

const LONGEST = 44;

export const show = ({ stages, written, p, right, tales }, { prompt, draw }) => {
  const texts = written.map(of => of[prompt][draw].trim());
  const [plain, polite] = [0, 1].map(which => p.map(of => of[prompt][which]));
  const cut = text => (text.length > LONGEST ? `${text.slice(0, LONGEST - 2)} …` : text);
  const sums = plain.map((share, i) => share + polite[i]);
  return {
    told: { text: tales[prompt] },
    texts: { text: texts.map(cut) },
    plain: { right: plain },
    polite: { left: plain, right: sums },
    numbers: { text: plain.map((share, i) => `${fixed(share)} + ${fixed(polite[i])}`) },
    said: { text: `Right would be${right[prompt].replace(/\.$/, "(, my friend).")}\n${draw ? `Draw ${draw}` : "The likeliest token at every step"}` },
    shares: { text: "Pale: p of the plain right answer\nFull: of the polite one. Empty: else" },
    say: `${draw ? `Draw ${draw}` : "Likeliest tokens"}. ${stages.map((stage, i) => `${stage}: ${texts[i]}, plain ${fixed(plain[i])}, polite ${fixed(polite[i])}`).join("; ")}.`,
  };
};
