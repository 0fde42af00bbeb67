import { activation } from "./shared/activation.mjs";
import { fixed } from "./shared/fixed.mjs";

const STEPS = 200;

export const show = ({ names, titles, flat, windows }, { first, second, input: wanted, zoom }) => {
  const [[left, right], values, slopes] = windows[zoom];
  const input = Math.min(wanted, right);
  const x = Array.from({ length: STEPS + 1 }, (_, i) => left + ((right - left) * i) / STEPS);
  const both = [first, second].map(which => x.map(at => activation(names[which], at)));
  const [one, other] = [first, second].map(which => activation(names[which], input));
  const same = first === second;
  const curve = (which, part) => ({ x, y: both[which].map(pair => pair[part]) });
  const spot = part => (same ? { x: [input], y: [one[part]], text: [""] }
    : { x: [input, input], y: [one[part], other[part]], text: ["", ""] });
  const here = ([low, high]) => ({ x: [input, input], y: [low, high] });
  const shade = ([low, high]) => ({
    left: flat[first].map(range => range[0]),
    right: flat[first].map(range => range[1]),
    bottom: flat[first].map(() => low),
    top: flat[first].map(() => high),
  });
  const range = ([start, end]) => ({ start, end });
  const told = part =>
    `${fixed(one[part], 3)} ${titles[first]}${same ? "" : `, ${fixed(other[part], 3)} ${titles[second]}`}`;
  return {
    input: { end: right, value: input },
    values_x: range([left, right]),
    slopes_x: range([left, right]),
    values_y: range(values),
    slopes_y: range(slopes),
    value_one: curve(0, 0),
    value_other: curve(1, 0),
    slope_one: curve(0, 1),
    slope_other: curve(1, 1),
    value_spots: spot(0),
    slope_spots: spot(1),
    value_here: here(values),
    slope_here: here(slopes),
    value_flat: shade(values),
    slope_flat: shade(slopes),
    value_title: { text: told(0) },
    slope_title: { text: told(1) },
    say: `At input ${fixed(input, 1)}: output ${told(0)}; slope ${told(1)}.`,
  };
};
