import { bar_rows } from "./shared/bar_rows.mjs";
import { decision_line } from "./shared/decision_line.mjs";
import { fixed } from "./shared/fixed.mjs";
import { running_totals } from "./shared/running_totals.mjs";

const FAR = 100;

export const show = ({ points, targets, names }, { w0, w1, bias, wanted }) => {
  const w = [w0, w1], want = targets[wanted];
  const sums = points.map(point => running_totals(point, w, bias).at(-1));
  const on = sums.map(sum => sum > 1e-9); // the sliders' tenths add up with an error in the last bits
  const right = on.map((is, i) => is === (want[i] === 1));
  const said = `${right.filter(Boolean).length} of 4 right`;

  const found = decision_line(w, bias);
  const place = (along, across) => {
    const [dx, dy] = found.direction;
    return [found.point[0] + along * dx + across * dy, found.point[1] + along * dy - across * dx];
  };
  const corners = found ? [place(-FAR, 0), place(FAR, 0), place(FAR, FAR), place(-FAR, FAR)]
    : bias > 0 ? [[-FAR, -FAR], [FAR, -FAR], [FAR, FAR], [-FAR, FAR]] : [];
  const xy = places => ({ x: places.map(p => p[0]), y: places.map(p => p[1]) });
  // the arrow starts where the line comes nearest to the middle of the square
  const foot = found && place((0.5 - found.point[0]) * found.direction[0] + (0.5 - found.point[1]) * found.direction[1], 0);
  return {
    side: xy(corners),
    line: xy(found ? corners.slice(0, 2) : []),
    arrow: found ? { x: [foot[0]], y: [foot[1]], to_x: [foot[0] + w0 / 2], to_y: [foot[1] + w1 / 2] }
      : { x: [], y: [], to_x: [], to_y: [] },
    points: { kind: want.map(String) },
    sums: bar_rows(sums, sums.map(sum => fixed(sum, 1))),
    sums_axis: { labels: points.map((p, i) => `${p[0]}, ${p[1]}: ${on[i] ? "on" : "off"} ${right[i] ? "✓" : "✕"}`) },
    title: { text: found ? said : `${said}, no line` },
    say: `${names[wanted]}: ${said}${found ? "" : ", no line"}.`,
  };
};
