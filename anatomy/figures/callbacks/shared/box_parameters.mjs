// Parameters of a decoder, box by box, in all its layers. kind: norm, gated, biases, positions, tied.
// Twin: anatomy.studies.transformer_block.box_parameters
export function box_parameters({ n_vocab, d_model, n_layers, n_heads, n_kv_heads, d_ff, n_experts }, kind) {
  const d_head = Math.floor(d_model / n_heads), q = n_heads * d_head, kv = n_kv_heads * d_head;
  const some = kind.biases === "none" ? 0 : 1, all = kind.biases === "all" ? 1 : 0;
  const norm = d_model * (kind.norm === "layer" ? 2 : 1);
  const into = n_experts * (d_model * d_ff + all * d_ff);
  const attention = {
    W_q: n_layers * (d_model * q + some * q),
    W_k: n_layers * (d_model * kv + some * kv),
    W_v: n_layers * (d_model * kv + some * kv),
    W_o: n_layers * (d_model * q + all * d_model),
  };
  const feed_forward = {
    router: n_experts > 1 ? n_layers * d_model * n_experts : 0,
    W_gate: kind.gated ? n_layers * into : 0,
    W_up: n_layers * into,
    W_down: n_layers * n_experts * (d_model * d_ff + all * d_model),
  };
  return {
    embedding: d_model * (n_vocab + kind.positions),
    norms: (2 * n_layers + 1) * norm,
    ...attention,
    ...feed_forward,
    unembedding: kind.tied ? 0 : d_model * n_vocab,
  };
}
