export default ({ curves, needed, below, curve, drop, words, marker }, control) => {
  const l = control.value, n = needed[l];
  curve.data = { ...curve.data, y: curves[l] };
  drop.data = { x: [n, n], y: [0, 0.9] };
  marker.data = { x: [l], y: [n] };
  words.text = `layer ${l}: ${n} neurons carry 90%,\n${(100 * below[l]).toFixed(0)}% of gates are below zero`;
};
