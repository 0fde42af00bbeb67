// Tokens as boxes for token_boxes in anatomy/figures/tokenization.py: rows of {left, width, line, text, kind}.
export function token_boxes(rows) {
  const column = of => rows.map(of);
  return {
    left: column(row => row.left + 0.06),
    right: column(row => row.left + row.width - 0.06),
    middle: column(row => row.left + row.width / 2),
    top: column(row => -row.line - 0.14),
    bottom: column(row => -row.line - 0.86),
    y: column(row => -row.line - 0.5),
    text: column(row => row.text),
    kind: column(row => row.kind),
  };
}
