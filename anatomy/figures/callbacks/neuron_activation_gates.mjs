export default ({ layer, shares, below, share, marker, spread, words }) => {
  const l = layer.value;
  share.data = { ...share.data, top: shares[l] };
  marker.data = {
    x: [l, l, l],
    y: [spread.data.low[l], spread.data.middle[l], spread.data.high[l]],
  };
  words.text = `layer ${l}: ${below[l]} below zero`;
};
