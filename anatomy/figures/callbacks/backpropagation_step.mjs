import { power_of_ten } from "./shared/power_of_ten.mjs";

// -4 -> 10⁻⁴
const power = n => `10${String(n).replace("-", "⁻").replace(/\d/g, d => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d])}`;

export const show = ({ exponents, errors, best, precisions, schemes }, { scheme, exponent }) => {
  const here = exponents.reduce((found, e, i) => (Math.abs(e - exponent) < Math.abs(exponents[found] - exponent) ? i : found), 0);
  const parts = {}, words = [];
  precisions.forEach((name, k) => {
    const { median, low, high } = errors[scheme][k];
    parts[`median_${k}`] = { x: exponents, y: median };
    parts[`band_${k}`] = { x: exponents, low, high };
    parts[`rule_${k}`] = { x: [best[scheme][k], best[scheme][k]], y: [-16, 1] };
    words.push(`${name} ${power_of_ten(10 ** median[here])}`);
  });
  const title = `h = ${power(exponents[here]) === power(Math.round(exponents[here])) ? power(exponents[here]) : power_of_ten(10 ** exponents[here])}: median error`;
  return {
    ...parts,
    here: { x: [exponents[here], exponents[here]], y: [-16, 1] },
    dots: { x: precisions.map(() => exponents[here]), y: precisions.map((_, k) => errors[scheme][k].median[here]) },
    said: { text: `${title}\n${words.join(", ")}` },
    say: `${schemes[scheme]}, ${title} ${words.join(", ")}.`,
  };
};
