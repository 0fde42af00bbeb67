import { fixed } from "./shared/fixed.mjs";
import { thousands } from "./shared/thousands.mjs";

const nearest = (places, x) => places.reduce((best, place, i) => (Math.abs(place - x) < Math.abs(places[best] - x) ? i : best), 0);

export const show = ({ places, marks, x, train, test, kinds, reached }, state, before) => {
  let guess = JSON.parse(state.drawn), level = state.level;
  const at = nearest(places, state.place);
  const shown = state.uncovered && !(before && before.kind !== state.kind); // the other run is covered anew
  if (before && before.level !== state.level && !shown) guess = guess.map((old, i) => (i === at ? state.level : old));
  else level = guess[at];
  const own = test[state.kind];
  const truth = places.map(place => {
    const i = nearest(x[state.kind], place);
    return 100 * own[i];
  });
  const off = guess.reduce((sum, value, i) => sum + Math.abs(value - truth[i]), 0) / guess.length;
  const when = reached[state.kind] < 0 ? "never 95% here" : `95% at about ${thousands(reached[state.kind])} steps`;
  const first = shown ? `Unseen sums: ${when}` : `At step ${thousands(marks[at])} you guess ${fixed(guess[at], 0)}%`;
  const second = shown ? `Your guess was off by ${fixed(off, 0)} points on average` : "Draw the rest, then uncover";
  const part = shown ? x[state.kind].length : x[state.kind].filter(place => place <= places[0]).length;
  return {
    drawn: { value: JSON.stringify(guess) },
    level: { value: level, disabled: shown },
    place: { disabled: shown },
    uncovered: { active: shown },
    guess: { x: places, y: guess },
    handles: { x: places, y: guess, pick: places },
    here: shown ? { x: [], y: [] } : { x: [places[at]], y: [guess[at]] },
    train: { x: x[state.kind], y: train[state.kind].map(share => 100 * share) },
    test: { x: x[state.kind].slice(0, part), y: own.slice(0, part).map(share => 100 * share) },
    said: { text: `${first}\n${second}` },
    say: `${kinds[state.kind]}: ${first}. ${second}. The guess: ${marks.map((mark, i) => `${fixed(guess[i], 0)}% at step ${thousands(mark)}`).join(", ")}.`,
  };
};
