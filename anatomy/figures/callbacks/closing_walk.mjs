export const show = ({ titles, rows }, { stage }) => {
  const own = rows[stage], empty = Array(5 - own.length).fill("");
  return {
    rows: { c0: [...own.map(row => row[0]), ...empty], c1: [...own.map(row => row[1]), ...empty] },
    said: { text: `Stage ${stage} of ${titles.length - 1}\n${titles[stage]}` },
    say: `Stage ${stage}: ${titles[stage]}. ${own.map(([what, value]) => `${what}: ${value}`).join("; ")}.`,
  };
};
