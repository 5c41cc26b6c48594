"""The yardstick of backend.sh: the same model in PyTorch, f32 or bf16, scaled-dot-product attention. All layers are one."""

import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

SHAPES = {  # hidden, heads, key/value heads, MLP, vocabulary, windows, length
    "demo": (192, 6, 6, 512, 1024, 16, 256),
    "1b": (2048, 32, 4, 5632, 32000, 1, 2048),
    "7b": (4096, 32, 32, 11008, 32000, 1, 2048),
}


def main(shape, layers, threads, precision):
    hidden, heads, groups, mlp, vocabulary, windows, length = SHAPES[shape]
    torch.set_num_threads(threads)
    config = LlamaConfig(
        hidden_size=hidden,
        num_attention_heads=heads,
        num_key_value_heads=groups,
        intermediate_size=mlp,
        num_hidden_layers=1,
        vocab_size=vocabulary,
        max_position_embeddings=length,
        attn_implementation="sdpa",
    )
    model = LlamaForCausalLM(config).to({"f32": torch.float32, "bf16": torch.bfloat16}[precision]).eval()
    model.model.layers = torch.nn.ModuleList([model.model.layers[0]] * layers)
    model.config.num_hidden_layers = layers
    ids = torch.randint(0, vocabulary, (windows, length))

    @torch.no_grad()
    def evaluate():
        logits = model(ids, use_cache=False).logits.float()
        loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten(), reduction="sum")
        return loss.item()

    evaluate()
    best, cpu = float("inf"), float("inf")
    for _ in range(10 if shape == "demo" else 2):
        start, cpu_start = time.perf_counter(), time.process_time()
        evaluate()
        best = min(best, time.perf_counter() - start)
        cpu = min(cpu, time.process_time() - cpu_start)
    print(f"PyTorch {torch.__version__} {precision}: {ids.numel() / best:.0f} tokens/s; CPU µs a token: {cpu * 1e6 / ids.numel():.1f}")


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
