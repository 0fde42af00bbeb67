// A generator of numbers in [0, 1) from a whole-number seed: mulberry32 by Tommy Ettinger, public domain.
// Twin: anatomy.studies.logits_and_sampling.Uniform
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
