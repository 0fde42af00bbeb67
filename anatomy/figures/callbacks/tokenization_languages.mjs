import { fixed } from "./shared/fixed.mjs";

const AXES = ["tokens", "tokens per character", "tokens per byte", "tokens, English = 1"];
const DIGITS = [0, 2, 2, 1];

export const show = ({ names, o200k, smollm2, characters, bytes, ends, other_name }, { measure, language }) => {
  const scaled = tokens => tokens.map((n, i) => n / [1, characters[i], bytes[i], tokens[0]][measure]);
  const ours = scaled(o200k), other = scaled(smollm2);
  const [filled, hollow] = [ours, other].map(values => fixed(values[language], DIGITS[measure]));
  return {
    spans: { ours, other },
    o200k: { x: ours },
    smollm2: { x: other },
    chosen: { y: [-language, -language], x: [ours[language], other[language]] },
    scale: { end: ends[measure] },
    axis: { axis_label: AXES[measure] },
    key: { text: `${names[language]}: ● o200k_base ${filled}, □ ${other_name} ${hollow}` },
    say: `${names[language]}, ${AXES[measure]}: o200k_base ${filled}, ${other_name} ${hollow}.`,
  };
};
