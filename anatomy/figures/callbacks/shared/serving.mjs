// Bytes of weights and of one text's cache, what fits, the largest batch, and the bound on tokens a second.
// Twin: anatomy.studies.kv_cache.serving
export function serving({ n_parameters, n_layers, n_kv_heads, d_head, window }, n_tokens, batch, bits, memory, bandwidth) {
  const weights = (n_parameters * bits) / 8, kept = window ? Math.min(n_tokens, window) : n_tokens;
  const cache = 2 * n_layers * n_kv_heads * d_head * kept * 2;
  const all = weights + batch * cache;
  return {
    weights,
    cache,
    fits: all <= memory * 1e9,
    largest: Math.max(0, Math.floor((memory * 1e9 - weights) / cache)),
    bound: (batch * bandwidth * 1e9) / all,
  };
}
