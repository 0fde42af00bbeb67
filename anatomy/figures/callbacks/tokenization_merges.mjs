import { set_in_lines } from "./shared/set_in_lines.mjs";
import { token_boxes } from "./shared/token_boxes.mjs";

export const show = ({ states, pairs, line_width }, { merges }) => {
  const named = ([left, right]) => `${left} + ${right}`;
  const [left, right, count] = merges ? pairs[merges - 1][0] : ["", "", 0];
  const newest = left + right;
  const placed = set_in_lines(states[merges], line_width);
  const last = merges ? `newest: ${newest}, merged ${count} times` : "single bytes";
  const next = pairs[merges];
  return {
    boxes: token_boxes(placed.map(at => ({ ...at, kind: merges && at.text === newest ? "new" : "plain" }))),
    made: { text: `${placed.length} tokens; ${last}` },
    pairs: {
      y: next.map((_, i) => -i),
      count: next.map(pair => pair[2]),
      kind: next.map((_, i) => (i ? "plain" : "new")),
      text: next.map(named),
    },
    say: `After ${merges} merges: ${placed.length} tokens; ${last}. Next: ${named(next[0])}, ${next[0][2]} times.`,
  };
};
