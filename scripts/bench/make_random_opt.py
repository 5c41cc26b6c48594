#!/usr/bin/env python3
"""Writes an OPT checkpoint with random f16 weights, to measure speed at real sizes. The defaults are OPT-125M's.

usage: make_random_opt.py OUT_DIR [--layers 12] [--hidden 768] [--heads 12] [--mlp 3072] [--vocab 50272] [--seed 0]
needs torch, transformers and tokenizers; the tokenizer is that of make_random_llama.py
"""
import argparse

import torch
from transformers import OPTConfig, OPTForCausalLM

from make_random_llama import byte_tokenizer

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--hidden", type=int, default=768)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--mlp", type=int, default=3072)
    parser.add_argument("--vocab", type=int, default=50272)
    parser.add_argument("--seed", type=int, default=0)
    a = parser.parse_args()

    torch.manual_seed(a.seed)
    config = OPTConfig(
        vocab_size=a.vocab, hidden_size=a.hidden, word_embed_proj_dim=a.hidden, ffn_dim=a.mlp,
        num_hidden_layers=a.layers, num_attention_heads=a.heads, max_position_embeddings=2048,
        bos_token_id=1, eos_token_id=2, pad_token_id=0)
    OPTForCausalLM(config).to(torch.float16).save_pretrained(a.out)
    byte_tokenizer().save_pretrained(a.out)
