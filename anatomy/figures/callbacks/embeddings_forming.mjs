import { fixed } from "./shared/fixed.mjs";
import { label_plane } from "./shared/label_plane.mjs";
import { two_a_group } from "./shared/place_labels.mjs";

export const show = ({ words, classes, frame, xs, ys, steps, losses, silhouettes }, { step }) => {
  const saved = steps.indexOf(step);
  const at = (low, high) => ({ x: [step, step], y: [low, high] });
  return {
    ...label_plane("points", frame, xs[saved], ys[saved], words, classes, two_a_group(classes)),
    title: { text: `step ${step}` },
    loss_here: at(0, losses[0] * 2),
    silhouette_here: at(-1, 2),
    loss_dot: { x: [step], y: [losses[saved]], text: [""] },
    silhouette_dot: { x: [step], y: [silhouettes[saved]], text: [""] },
    loss_title: { text: `loss ${fixed(losses[saved])} nats a pair` },
    silhouette_title: { text: `silhouette ${fixed(silhouettes[saved])}` },
    say: `Step ${step}: loss ${fixed(losses[saved])}, silhouette ${fixed(silhouettes[saved])}.`,
  };
};
