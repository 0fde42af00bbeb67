"""Ask torch and transformers about attention, rotary positions, norms, blocks and whole small decoders; freeze it.

Needs torch and transformers: `nox -s references`. Writes attention.npz beside this file.
tests/anatomy only reads it. Names: "<case>/<array>"; float32 unless said.
"""

import importlib.metadata
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import transformers
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

KEPT = {}


def keep(case, **arrays):
    for name, array in arrays.items():
        array = array.detach().numpy() if isinstance(array, torch.Tensor) else np.asarray(array)
        KEPT[f"{case}/{name}"] = array.copy()


def attention():
    torch.manual_seed(1)
    q, k, v = torch.randn(4, 5, 8), torch.randn(4, 5, 8), torch.randn(4, 5, 8)
    keep("attend", q=q, k=k, v=v, mixed=F.scaled_dot_product_attention(q, k, v))
    keep("attend", causal=F.scaled_dot_product_attention(q, k, v, is_causal=True))
    grouped = F.scaled_dot_product_attention(
        q[None], k[None, :2], v[None, :2], is_causal=True, enable_gqa=True
    )
    multi_query = F.scaled_dot_product_attention(
        q[None], k[None, :1], v[None, :1], is_causal=True, enable_gqa=True
    )
    keep("attend", grouped=grouped[0], multi_query=multi_query[0])

    x = torch.randn(6, 12)
    layer = torch.nn.MultiheadAttention(12, 3, bias=False, batch_first=True)
    hidden = torch.triu(torch.ones(6, 6, dtype=torch.bool), 1)
    out, weights = layer(
        x[None], x[None], x[None], attn_mask=hidden, need_weights=True, average_attn_weights=False
    )
    w_q, w_k, w_v = layer.in_proj_weight.chunk(3)
    keep("heads", x=x, w_q=w_q.T, w_k=w_k.T, w_v=w_v.T, w_o=layer.out_proj.weight.T)
    keep("heads", out=out[0], weights=weights[0])


def rope():
    torch.manual_seed(2)
    positions, base = torch.tensor([0, 1, 2, 7, 100, 4000]), 10_000.0
    x = torch.randn(1, 3, 6, 16)
    frequencies = base ** (-torch.arange(0, 16, 2).double() / 16)
    theta = torch.cat([positions[:, None] * frequencies] * 2, dim=-1)
    half, _ = apply_rotary_pos_emb(x, x, theta.cos().float()[None], theta.sin().float()[None])
    keep("rope", x=x[0].swapaxes(0, 1), positions=positions, half=half[0].swapaxes(0, 1))
    as_complex = torch.view_as_complex(x[0].swapaxes(0, 1).reshape(6, 3, 8, 2).contiguous())
    turned = (
        as_complex
        * torch.polar(torch.ones(6, 8).double(), positions[:, None] * frequencies)[:, None].cfloat()
    )
    keep("rope", interleaved=torch.view_as_real(turned).reshape(6, 3, 16))


def norms_and_blocks():
    torch.manual_seed(3)
    x, gain, bias = 3 * torch.randn(4, 10) + 1, torch.randn(10), torch.randn(10)
    keep("norms", x=x, gain=gain, bias=bias)
    keep(
        "norms", rms=F.rms_norm(x, (10,), gain, eps=1e-5), layer=F.layer_norm(x, (10,), gain, bias, eps=1e-5)
    )
    for name, norm_first in (("pre", True), ("post", False)):
        block = torch.nn.TransformerEncoderLayer(
            12, 3, 20, dropout=0.0, activation="relu", batch_first=True, norm_first=norm_first, bias=False
        )
        for norm in (block.norm1, block.norm2):
            torch.nn.init.normal_(norm.weight)
        x = torch.randn(5, 12)
        w_q, w_k, w_v = block.self_attn.in_proj_weight.chunk(3)
        keep(f"block {name}", x=x, out=block(x[None])[0], w_q=w_q.T, w_k=w_k.T, w_v=w_v.T)
        keep(f"block {name}", w_o=block.self_attn.out_proj.weight.T, gain_1=block.norm1.weight)
        keep(
            f"block {name}",
            gain_2=block.norm2.weight,
            w_in=block.linear1.weight.T,
            w_out=block.linear2.weight.T,
        )


def to_neighbours(w, n_heads):
    """Rows of w (heads × d_head, d_model) from half-split pairs, transformers' order, to neighbouring pairs."""
    d_head = w.shape[0] // n_heads
    return w.reshape(n_heads, 2, d_head // 2, -1).swapaxes(1, 2).reshape(w.shape)


def decoders():
    """Small random decoders, whole: tied, untied with grouped heads, and with a sliding window."""
    sizes = {"vocab_size": 50, "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 3}
    sizes |= {"attention_dropout": 0.0, "attn_implementation": "eager", "rms_norm_eps": 1e-5}
    cases = {
        "tied": (transformers.LlamaConfig, {"num_attention_heads": 4, "num_key_value_heads": 4}, True),
        "grouped": (transformers.LlamaConfig, {"num_attention_heads": 6, "num_key_value_heads": 2}, False),
        "window": (
            transformers.MistralConfig,
            {"num_attention_heads": 4, "num_key_value_heads": 2, "sliding_window": 4},
            False,
        ),
    }
    for name, (config_class, heads, tied) in cases.items():
        torch.manual_seed(4)
        config = config_class(**sizes, **heads, tie_word_embeddings=tied)
        model = transformers.AutoModelForCausalLM.from_config(config).eval()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        ids = torch.randint(0, 50, (2, 11))
        with torch.no_grad():
            logits = model(ids).logits
        case = f"decoder {name}"
        keep(case, ids=ids, logits=logits, n_heads=config.num_attention_heads)
        keep(case, n_kv_heads=config.num_key_value_heads, tied=tied)
        keep(case, window=getattr(config, "sliding_window", None) or 0)
        keep(case, **{"weight embedding": model.model.embed_tokens.weight})
        keep(case, **{"weight norm_final": model.model.norm.weight})
        if not tied:
            keep(case, **{"weight unembedding": model.lm_head.weight.T})
        for l, layer in enumerate(model.model.layers):
            part, ffn = layer.self_attn, layer.mlp
            weights = {
                "norm_attention": layer.input_layernorm.weight,
                "w_q": to_neighbours(part.q_proj.weight, config.num_attention_heads).T,
                "w_k": to_neighbours(part.k_proj.weight, config.num_key_value_heads).T,
                "w_v": part.v_proj.weight.T,
                "w_o": part.o_proj.weight.T,
                "norm_ffn": layer.post_attention_layernorm.weight,
                "w_gate": ffn.gate_proj.weight.T,
                "w_up": ffn.up_proj.weight.T,
                "w_down": ffn.down_proj.weight.T,
            }
            keep(case, **{f"weight layers.{l}.{key}": w for key, w in weights.items()})


def parameter_counts():
    """Parameters of published architectures, counted by transformers without allocating any of them."""
    llama, gpt2 = transformers.LlamaConfig, transformers.GPT2Config
    eight = {"num_key_value_heads": 8}
    configs = {
        "GPT-2": gpt2(),
        "GPT-2-XL": gpt2(n_embd=1600, n_layer=48, n_head=25),
        "SmolLM2-135M": llama(
            vocab_size=49152, hidden_size=576, num_hidden_layers=30, num_attention_heads=9,
            num_key_value_heads=3, intermediate_size=1536, tie_word_embeddings=True,
        ),
        "Gemma-2B": transformers.GemmaConfig(
            vocab_size=256000, hidden_size=2048, num_hidden_layers=18, num_attention_heads=8,
            num_key_value_heads=1, head_dim=256, intermediate_size=16384, tie_word_embeddings=True,
        ),
        "Llama-2-7B": llama(),
        "Llama-2-70B": llama(
            hidden_size=8192, num_hidden_layers=80, num_attention_heads=64, intermediate_size=28672, **eight
        ),
        "Mistral-7B": transformers.MistralConfig(tie_word_embeddings=False),
        "Llama-3-8B": llama(vocab_size=128256, intermediate_size=14336, **eight),
        "Llama-3-70B": llama(
            vocab_size=128256, hidden_size=8192, num_hidden_layers=80, num_attention_heads=64,
            intermediate_size=28672, **eight,
        ),
        "Qwen2.5-7B": transformers.Qwen2Config(
            vocab_size=152064, hidden_size=3584, num_hidden_layers=28, num_attention_heads=28,
            num_key_value_heads=4, intermediate_size=18944, tie_word_embeddings=False,
        ),
    }  # fmt: skip
    counts = {}
    for name, config in configs.items():
        with torch.device("meta"):
            model = transformers.AutoModelForCausalLM.from_config(config)
        model.tie_weights()
        counts[name] = sum(p.numel() for p in model.parameters())
    KEPT["parameter_counts"] = np.array(json.dumps(counts))


def main():
    attention()
    rope()
    norms_and_blocks()
    decoders()
    parameter_counts()
    versions = {p: importlib.metadata.version(p) for p in ("torch", "transformers")}
    KEPT["made_with"] = np.array(json.dumps(versions))
    np.savez_compressed(Path(__file__).with_name("attention.npz"), **KEPT)


if __name__ == "__main__":
    main()
