import { fixed } from "./shared/fixed.mjs";
import { hadamard } from "./shared/hadamard.mjs";
import { quantized } from "./shared/quantized.mjs";

const mean = numbers => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

export const show = ({ weights, at, sizes, near }, { outlier, bits, size, symmetric, rotate }) => {
  const x = weights.map((weight, i) => (i === at ? outlier : weight)), group = sizes[size];
  const stored = rotate ? hadamard(x) : x;
  const { codes, scales, zeros, values } = quantized(stored, bits, group, symmetric);
  const back = rotate ? hadamard(values) : values;
  const first = at - (at % group), mates = x.map((_, i) => i).filter(i => i >= first && i < first + group && i !== at);
  const used = new Set((rotate ? codes : mates.map(i => codes[i]))).size, others = x.map((_, i) => i).filter(i => i !== at);
  const off = mean(others.map(i => Math.abs(back[i] - x[i]))), size_of = mean(others.map(i => Math.abs(x[i])));
  const lines = [], starts = [];
  if (!rotate) {
    scales.forEach((scale, g) => {
      const from = symmetric ? 1 - 2 ** (bits - 1) : -zeros[g], to = symmetric ? -from : 2 ** bits - 1 - zeros[g];
      for (let k = from; k <= to; k++) {
        if (Math.abs(k * scale) > near) continue;
        lines.push(k * scale);
        starts.push(g * group);
      }
    });
  }
  const per_weight = bits + (symmetric ? 16 : 32) / group, share = fixed((100 * off) / size_of, 0);
  const clipped = numbers => numbers.map(number => Math.max(-near, Math.min(near, number)));
  const how = `${bits} bits, groups of ${group}${rotate ? ", turned first" : ""}`;
  const found = `${mates.length} neighbours on ${used} ${used === 1 ? "value" : "values"}`;
  return {
    stems: { top: x },
    handle: { y: [outlier] },
    edges: { xs: (rotate ? [] : x).map((_, i) => i).filter(i => i && i % group === 0).map(i => [i - 0.5, i - 0.5]), ys: (rotate ? [] : x).map((_, i) => i).filter(i => i && i % group === 0).map(() => [-9, 9]) },
    levels: { xs: lines.map((_, i) => [starts[i] - 0.5, starts[i] + group - 0.5]), ys: lines.map(y => [y, y]) },
    moves: { xs: others.map(i => [i, i]), ys: others.map(i => clipped([x[i], back[i]])) },
    true: { y: others.map(i => x[i]) },
    read: { y: clipped(others.map(i => back[i])) },
    ledger: {
      c0: [rotate ? "different codes of the 32 turned" : "different codes of its neighbours", rotate ? "step, mean of the groups" : "step of its group", "mean error of the 31 others", "bits a weight, with scales"],
      c1: [String(used), fixed(rotate ? mean(scales) : scales[first / group], 3), `${fixed(off, 3)}, ${share}%`, fixed(per_weight, per_weight % 1 ? 1 : 0)],
    },
    said: { text: `${how}: outlier ${fixed(outlier, 1)}` },
    near: { text: rotate ? "the others, closer up" : found },
    say: `${how}, ${symmetric ? "symmetric" : "with zero point"}, outlier ${fixed(outlier, 1)}: ${rotate ? `the turned numbers use ${used} codes` : found}; mean error of the 31 others ${fixed(off, 3)}, ${share} percent of their mean size; ${fixed(per_weight, 1)} bits a weight.`,
  };
};
