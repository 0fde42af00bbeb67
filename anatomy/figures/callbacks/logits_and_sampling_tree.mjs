import { fixed } from "./shared/fixed.mjs";

export const show = ({ end, branches, places }, { branch }) => {
  const { words, ranks, factors, product: worth, end: reach, note } = branches[branch];
  const path = ranks.map((_, depth) => places[ranks.slice(0, depth + 1).join(" ")]);
  const product = `${factors.map(factor => fixed(factor, 3)).join(" × ")} ${worth.startsWith("<") ? worth : `= ${worth}`}`;
  return {
    path: { x: path.map(cell => cell.x), y: path.map(cell => cell.y), w: path.map(cell => cell.w), h: path.map(cell => cell.h) },
    chosen: { y: [-branch], end: [reach] },
    title: { text: `${end}${words}\n${product}` },
    say: `${end}${words}: ${product}${note ? `, ${note}` : ""}.`,
  };
};
