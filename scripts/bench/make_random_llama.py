#!/usr/bin/env python3
"""Writes a LLaMA checkpoint with random bf16 weights, to measure speed at real sizes. The defaults are TinyLlama's.

usage: make_random_llama.py OUT_DIR [--layers 22] [--hidden 2048] [--heads 32] [--kv-heads 4] [--mlp 5632]
                            [--vocab 32000] [--context 2048] [--seed 0] [--shard-size 2GB]
needs torch, transformers and tokenizers

The tokenizer makes one token of every byte of UTF-8, so that any text will do; a line of n bytes has n + 1 tokens.
"""
import argparse

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast


def byte_tokenizer():
    vocabulary = {"<unk>": 0, "<s>": 1, "</s>": 2}
    for symbol in sorted(pre_tokenizers.ByteLevel.alphabet()):
        vocabulary[symbol] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--layers", type=int, default=22)
    parser.add_argument("--hidden", type=int, default=2048)
    parser.add_argument("--heads", type=int, default=32)
    parser.add_argument("--kv-heads", type=int, default=4)
    parser.add_argument("--mlp", type=int, default=5632)
    parser.add_argument("--vocab", type=int, default=32000)
    parser.add_argument("--context", type=int, default=2048)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shard-size", default="2GB")
    a = parser.parse_args()
    if a.vocab < 259:
        parser.error("--vocab must be at least 259: 256 bytes and 3 special tokens")

    torch.manual_seed(a.seed)
    torch.set_default_dtype(torch.bfloat16)
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=a.vocab, hidden_size=a.hidden, intermediate_size=a.mlp, num_hidden_layers=a.layers,
        num_attention_heads=a.heads, num_key_value_heads=a.kv_heads, max_position_embeddings=a.context,
        initializer_range=0.02, rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2, tie_word_embeddings=False))
    model.save_pretrained(a.out, max_shard_size=a.shard_size)
    byte_tokenizer().save_pretrained(a.out)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters in {a.out}")
