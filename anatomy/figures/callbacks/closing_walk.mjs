export const show = ({ titles, rows, chapters }, { stage }) => {
  const own = rows[stage - 1], empty = Array(5 - own.length).fill("");
  const place = `Stage ${stage} of ${titles.length}, chapter ${chapters[stage - 1]}`;
  return {
    rows: { c0: [...own.map(row => row[0]), ...empty], c1: [...own.map(row => row[1]), ...empty] },
    said: { text: `${place}\n${titles[stage - 1]}` },
    say: `${place}: ${titles[stage - 1]}. ${own.map(([what, value]) => `${what}: ${value}`).join("; ")}.`,
  };
};
