// Loss of one pair in DPO, -log sigmoid(beta · margin), without overflow. Twin: anatomy.post_training.dpo_loss
export function preference_loss(margin, beta) {
  const x = -beta * margin;
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

// How hard the pair pulls its chosen answer up: beta · sigmoid(-beta · margin), minus the loss's slope.
export function preference_pull(margin, beta) {
  return beta / (1 + Math.exp(beta * margin));
}
