import { decode_float, encode_float, largest_code } from "./shared/float_bits.mjs";

const WIDTH = 16;
const minus = text => text.replaceAll("-", "−").replace("Infinity", "infinity");
const raised = power => [...String(power)].map(digit => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit])).join("");
const written = value => minus(Number.isFinite(value) && value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e7) ? value.toExponential(4) : String(Number(value.toPrecision(7))));

export const show = ({ forms }, { format, ...switches }) => {
  const form = forms[format], bits = 1 + form.exponent + form.mantissa, spare = WIDTH - bits;
  const places = Array.from({ length: WIDTH }, (_, i) => i);
  const pattern = places.reduce((sum, i) => 2 * sum + (switches[`b${i}`] ? 1 : 0), 0);
  const code = pattern >> spare, value = decode_float(code, form);
  const digit = i => (i < bits ? (pattern >> (WIDTH - 1 - i)) & 1 : "");
  const e = (code >> form.mantissa) & (2 ** form.exponent - 1), m = code & (2 ** form.mantissa - 1);
  const bias = 2 ** (form.exponent - 1) - 1, sign = code >> (bits - 1) ? "−" : "";
  const rest = code & (2 ** (bits - 1) - 1), next = rest < largest_code(form) ? Math.abs(decode_float(code + 1, form) - value) : NaN;
  const power = Math.max(e, 1) - bias;
  const sum = Number.isFinite(value)
    ? `${sign}(${e > 0 ? 1 : 0} + ${m}/${2 ** form.mantissa}) × 2${raised(power)}` : "no number: the pattern is set aside";
  const nearest = forms.map(other => written(decode_float(encode_float(value, other), other)));
  return {
    cells: {
      text: places.map(i => String(digit(i))),
      field: places.map(i => (i >= bits ? "none" : i === 0 ? "sign" : i <= form.exponent ? "exponent" : "mantissa")),
    },
    fields: { x: [0, (1 + form.exponent) / 2, form.exponent + (1 + form.mantissa) / 2], text: ["±", `exponent ${e}`, `mantissa ${m}`] },
    sum: { text: sum },
    said: { text: `${form.name}: ${written(value)}` },
    ledger: {
      c0: forms.map(other => other.name),
      c1: nearest,
      c2: forms.map(other => {
        const at = encode_float(value, other) & (2 ** (other.exponent + other.mantissa) - 1);
        return at < largest_code(other) ? written(decode_float(at + 1, other) - decode_float(at, other)) : "none";
      }),
    },
    ...Object.fromEntries(places.map(i => [`b${i}`, { label: i < bits ? String(digit(i)) : "·", disabled: i >= bits }])),
    say: `${form.name}, bits ${places.slice(0, bits).map(digit).join("")}: ${written(value)}, ${sum}. ${Number.isNaN(next) ? "No number follows" : `The next is ${written(next)} away`}. Nearest in each format: ${forms.map((other, i) => `${other.name} ${nearest[i]}`).join(", ")}.`,
  };
};
