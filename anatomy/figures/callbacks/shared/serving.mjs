// Bytes of weights and of one text's cache, what fits, the largest batch, and the least seconds of both phases.
// n_read: the parameters that a step reads. linear: FLOPs of all matrices for one token. card: GB, GB/s, TFLOP/s.
// Twin: anatomy.studies.kv_cache.serving
export function serving({ n_parameters, n_read, n_layers, n_heads, n_kv_heads, d_head, window, linear }, n_tokens, batch, bits, card) {
  const [memory, bandwidth, speed] = card;
  const weights = (n_parameters * bits) / 8, kept = window ? Math.min(n_tokens, window) : n_tokens;
  const cache = 2 * n_layers * n_kv_heads * d_head * kept * 2;
  const pairs = (kept * (kept + 1)) / 2 + (n_tokens - kept) * kept; // of queries and the keys that they may read
  const phase = (rows, read, bytes) => {
    const matrices = batch * linear * rows, attention = batch * 4 * n_layers * n_heads * d_head * read;
    return [matrices, attention, bytes, (matrices + attention) / (speed * 1e12), bytes / (bandwidth * 1e9)];
  };
  const read = (n_read * bits) / 8, prompt = phase(n_tokens, pairs, read), step = phase(1, kept, read + batch * cache);
  return {
    weights,
    cache,
    fits: weights + batch * cache <= memory * 1e9,
    largest: Math.max(0, Math.floor((memory * 1e9 - weights) / cache)),
    prompt,
    step,
    bound: batch / Math.max(step[3], step[4]),
  };
}
