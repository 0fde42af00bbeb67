import { fixed } from "./shared/fixed.mjs";
import { preference_loss, preference_pull } from "./shared/preference.mjs";

export const show = ({ grid, most }, { margin, beta }) => {
  const loss = preference_loss(margin, beta), pull = preference_pull(margin, beta);
  const cut = value => Math.min(value, most);
  const inside = grid.filter(m => preference_loss(m, beta) <= most);  // above, the curve has left the plot
  const order = margin > 0 ? "won" : margin < 0 ? "lost" : "a tie";
  const share = pull / beta;
  const shown = share >= 0.0005 ? `${fixed(100 * share, 1)}%` : "under 0.1%";
  const lost = loss >= 0.0005 ? fixed(loss, 3) : "under 0.001";
  return {
    loss: { x: inside, y: inside.map(m => preference_loss(m, beta)) },
    pull: { x: grid, y: grid.map(m => preference_pull(m, beta) / beta) },
    here: { x: [margin, margin], y: [0, most] },
    dots: { x: [margin], y: [cut(loss)], text: [""] },
    pulls: { x: [margin], y: [share], text: [""] },
    rule: { x: [margin, margin], y: [0, 1] },
    said: { text: `Margin ${fixed(margin, 0)}: ${order}\nloss ${lost}` },
    strength: { text: `Pull, as a share of β\n${shown}` },
    say: `With a margin of ${fixed(margin, 0)} nats the pair is ${order}; beta ${fixed(beta)}: loss ${lost}, pull ${shown} of beta.`,
  };
};
