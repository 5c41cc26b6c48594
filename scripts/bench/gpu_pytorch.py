"""The same shapes in PyTorch, bfloat16, on the same GPU, and the peaks of the card. Called by scripts/bench/gpu."""

import json
import statistics
import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

SHAPES = {
    "tiny": dict(num_hidden_layers=2, hidden_size=192, num_attention_heads=6, num_key_value_heads=6,
                 intermediate_size=512, vocab_size=1000),
    "1b": dict(num_hidden_layers=22, hidden_size=2048, num_attention_heads=32, num_key_value_heads=4,
               intermediate_size=5632, vocab_size=32000),
    "7b": dict(num_hidden_layers=32, hidden_size=4096, num_attention_heads=32, num_key_value_heads=32,
               intermediate_size=11008, vocab_size=32000),
}


def seconds(work, repetitions=5):
    work()
    torch.cuda.synchronize()
    times = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        work()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def matrix_peak(dtype):
    n = 8192
    a, b = (torch.randn(n, n, device="cuda", dtype=dtype) for _ in range(2))
    return 2 * n**3 / seconds(lambda: a @ b) / 1e12


def bandwidth_peak():
    source = torch.empty(1 << 30, device="cuda", dtype=torch.uint8)
    target = torch.empty_like(source)
    return 2 * source.numel() / seconds(lambda: target.copy_(source)) / 1e9


def main():
    shape, tokens, timed = sys.argv[1], int(sys.argv[2]), [json.loads(line) for line in sys.argv[3:]]
    torch.backends.cuda.matmul.allow_tf32 = False
    peaks = {"f32": matrix_peak(torch.float32), "bf16": matrix_peak(torch.bfloat16)}
    bandwidth = bandwidth_peak()
    config = LlamaConfig(max_position_embeddings=tokens, tie_word_embeddings=False, **SHAPES[shape])
    with torch.device("cuda"):
        torch.set_default_dtype(torch.bfloat16)
        model = LlamaForCausalLM(config).eval()
    ids = torch.randint(0, config.vocab_size, (1, tokens), device="cuda")

    @torch.inference_mode()
    def prefill():
        return model(ids, labels=ids).loss

    theirs = seconds(prefill)
    maps = [p for name, p in model.named_parameters() if p.dim() == 2 and "embed" not in name]
    flops = 2 * tokens * sum(p.numel() for p in maps)
    weights = sum(p.numel() for p in maps) * 2
    print(f"PyTorch bfloat16 {shape}: {theirs:.4f} s, {tokens / theirs:.0f} tokens/s; peaks of {torch.cuda.get_device_name()}:"
          f" {peaks['bf16']:.0f} TFLOP/s bf16, {peaks['f32']:.0f} f32, {bandwidth:.0f} GB/s")
    rows = [("FastForward " + ours["precision"], ours["denseSeconds"]) for ours in timed] + [("PyTorch bf16", theirs)]
    for name, time_taken in rows:
        rate = flops / time_taken / 1e12
        print(f"  {name:16} {time_taken:.4f} s = {time_taken / theirs:.2f} times PyTorch; {rate:.1f} TFLOP/s in products:"
              f" {rate / peaks['bf16']:.1%} of bf16, {rate / peaks['f32']:.1%} of f32;"
              f" weights read once: {weights / time_taken / 1e9 / bandwidth:.1%} of the bandwidth")
    for ours in timed:
        print_parts(ours)


def print_parts(ours):
    """Where FastForward's time goes in one precision."""
    print(f"  {ours['precision']}:")
    for name in ("candidate20Seconds", "candidate50Seconds", "wandaSeconds", "inTurnSeconds", "aheadSeconds"):
        print(f"  {name:20} {ours[name]:.4f} s, {ours[name] / ours['denseSeconds']:.2f} of dense")
    for name, (launches, time_taken) in sorted(ours["kernels"].items(), key=lambda entry: -entry[1][1]):
        print(f"  kernel {name:13} {time_taken:.4f} s, {time_taken / ours['denseSeconds']:.1%} of dense, {launches} launches")


if __name__ == "__main__":
    main()
