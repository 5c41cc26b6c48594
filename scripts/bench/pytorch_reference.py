#!/usr/bin/env python3
"""Evaluates perplexity with PyTorch and transformers, the way `scripts/fastforward evaluate` does, and times it.

usage: pytorch_reference.py MODEL_DIR TEXT --window N --windows K [--threads T] [--batch B] [--dtype float32|bfloat16]
needs torch and transformers

Every line of TEXT is tokenised on its own; the first K non-overlapping windows of N tokens are evaluated, over their
N − 1 predicted tokens. Prints one JSON object. tokensPerSecond is K·N ÷ seconds of evaluation: loading, tokenising and
one batch for warming up are not counted. Fused attention, no gradients, no cache of keys and values; batches of 2048
tokens unless --batch says how many windows go together.
"""
import argparse
import json
import math
import time

import torch
import torch.nn.functional as F
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer


def load_windows(directory, text, length, count):
    tokenizer = AutoTokenizer.from_pretrained(directory)
    tokens = []
    with open(text, encoding="utf-8") as lines:
        for line in lines.read().splitlines():
            if len(tokens) >= length * count:
                break
            tokens += tokenizer(line).input_ids
    if len(tokens) < length * count:
        raise SystemExit(f"{text} has {len(tokens)} tokens, but {count} windows of {length} need {length * count}")
    return torch.tensor(tokens[: length * count]).view(count, length)


def negative_log_likelihood(model, part):
    logits = model(input_ids=part, use_cache=False).logits
    return F.cross_entropy(logits[:, :-1].flatten(0, 1).float(), part[:, 1:].flatten(), reduction="none").double().sum()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("text")
    parser.add_argument("--window", type=int, required=True)
    parser.add_argument("--windows", type=int, required=True)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--batch", type=int)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    batch = a.batch or max(1, 2048 // a.window)
    data = load_windows(a.model, a.text, a.window, a.windows)
    model = AutoModelForCausalLM.from_pretrained(
        a.model, dtype=getattr(torch, a.dtype), attn_implementation="sdpa").eval()
    with torch.inference_mode():
        negative_log_likelihood(model, data[:batch])
        start = time.perf_counter()
        total = sum(negative_log_likelihood(model, part).item() for part in data.split(batch))
        seconds = time.perf_counter() - start
    print(json.dumps({
        "tokensPerSecond": data.numel() / seconds,
        "perplexity": math.exp(total / (a.windows * (a.window - 1))),
        "seconds": seconds,
        "window": a.window, "windows": a.windows, "batch": batch, "threads": a.threads, "dtype": a.dtype,
        "torch": torch.__version__, "transformers": transformers.__version__}))
