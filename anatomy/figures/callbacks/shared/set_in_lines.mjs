// Where every token of a text stands, {line, left, width, text}: a line ends only between pieces.
export function set_in_lines(pieces, line_width) {
  const places = [];
  let line = 0, left = 0;
  for (const piece of pieces) {
    if (left + piece.join("").length > line_width) [line, left] = [line + 1, 0];
    for (const text of piece) {
      places.push({ line, left, width: text.length, text });
      left += text.length;
    }
  }
  return places;
}
