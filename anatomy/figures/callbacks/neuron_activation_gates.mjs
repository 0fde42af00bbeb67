export const show = ({ shares, words }, { layer }) => ({
  share: { top: shares[layer] },
  title: { text: `layer ${layer}: ${words[layer]}` },
  say: `Layer ${layer}: ${words[layer]}.`,
});
