#!/usr/bin/env python3
"""Writes a LLaMA checkpoint of some size with random bf16 weights, to measure memory and speed. Needs nothing but Python.

usage: make_sized_llama.py OUT_DIR SHAPE LAYERS
  SHAPE    tiny, or that of LLaMA-2: 7B, 13B, 70B
  LAYERS   how many layers it gets; 2+78: two, and 78 more whose maps are zeros that take no room on the disk

The same arguments give the same weights: magnitudes from 2^-7 to 2^-5 and random signs. The tokenizer makes one token of every
byte; OUT_DIR/../text.txt is a text of as many tokens as any run needs.
"""
import json
import os
import random
import struct
import sys

# hidden, heads, KV heads, MLP channels, vocabulary
SHAPES = {
    "tiny": (256, 8, 2, 704, 300),
    "7B": (4096, 32, 32, 11008, 32000),
    "13B": (5120, 40, 40, 13824, 32000),
    "70B": (8192, 64, 8, 28672, 32000),
}
HEAD = 128
PIECE = 32 << 20
# The high byte of a bf16 number: a random sign before the exponent's first seven bits.
SIGNED = bytes(0x3C | byte & 0x80 for byte in range(256))
ONE = struct.pack("<H", 0x3F80)
TEXT_BYTES = 4 << 20


def tensors(shape, layers):
    hidden, heads, groups, channels, vocabulary = SHAPES[shape]
    head = min(HEAD, hidden // heads)
    yield "model.embed_tokens.weight", [vocabulary, hidden]
    for layer in range(layers):
        prefix = f"model.layers.{layer}."
        yield prefix + "input_layernorm.weight", [hidden]
        yield prefix + "self_attn.q_proj.weight", [heads * head, hidden]
        yield prefix + "self_attn.k_proj.weight", [groups * head, hidden]
        yield prefix + "self_attn.v_proj.weight", [groups * head, hidden]
        yield prefix + "self_attn.o_proj.weight", [hidden, heads * head]
        yield prefix + "post_attention_layernorm.weight", [hidden]
        yield prefix + "mlp.gate_proj.weight", [channels, hidden]
        yield prefix + "mlp.up_proj.weight", [channels, hidden]
        yield prefix + "mlp.down_proj.weight", [hidden, channels]
    yield "model.norm.weight", [hidden]
    yield "lm_head.weight", [vocabulary, hidden]


def count(shape):
    numbers = 1
    for size in shape:
        numbers *= size
    return numbers


def write_weights(path, named, zeros):
    header, offset = {}, 0
    for name, shape in named:
        end = offset + 2 * count(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, end]}
        offset = end
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    source = random.Random(0)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        for name, shape in named:
            if len(shape) == 1:
                file.write(ONE * shape[0])
                continue
            left = 2 * count(shape)
            if name.startswith(zeros):
                file.seek(left, os.SEEK_CUR)
                continue
            while left:
                piece = bytearray(source.randbytes(min(PIECE, left)))
                piece[1::2] = piece[1::2].translate(SIGNED)
                file.write(piece)
                left -= len(piece)
    return offset // 2


def write_tokenizer(directory):
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    symbols = [chr(byte) for byte in printable] + [chr(256 + i) for i in range(256 - len(printable))]
    special = ["<unk>", "<s>", "</s>"]
    vocabulary = {symbol: i for i, symbol in enumerate(special + symbols)}
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
             "special": True} for i, token in enumerate(special)],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": vocabulary, "merges": []},
    }
    with open(os.path.join(directory, "tokenizer.json"), "w", encoding="utf-8") as file:
        json.dump(tokenizer, file)
    with open(os.path.join(directory, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        json.dump({"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>",
                   "unk_token": "<unk>"}, file)


def write_text(path):
    source = random.Random(1)
    with open(path, "w", encoding="ascii") as file:
        for _ in range(TEXT_BYTES // 64):
            file.write("".join(source.choices("abcdefghijklmnopqrstuvwxyz     ", k=63)) + "\n")


def main():
    if len(sys.argv) != 4 or sys.argv[2] not in SHAPES:
        sys.exit(__doc__)
    directory, shape = sys.argv[1], sys.argv[2]
    filled, _, empty = sys.argv[3].partition("+")
    layers = int(filled) + int(empty or 0)
    zeros = tuple(f"model.layers.{layer}." for layer in range(int(filled), layers))
    hidden, heads, groups, channels, vocabulary = SHAPES[shape]
    os.makedirs(directory)
    with open(os.path.join(directory, "config.json"), "w", encoding="utf-8") as file:
        json.dump({
            "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_act": "silu", "hidden_size": hidden,
            "intermediate_size": channels, "num_hidden_layers": layers, "num_attention_heads": heads,
            "num_key_value_heads": groups, "vocab_size": vocabulary, "max_position_embeddings": 4096,
            "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": False, "bos_token_id": 1,
            "eos_token_id": 2, "torch_dtype": "bfloat16"}, file, indent=1)
    write_tokenizer(directory)
    numbers = write_weights(os.path.join(directory, "model.safetensors"), list(tensors(shape, layers)), zeros)
    write_text(os.path.join(os.path.dirname(os.path.abspath(directory)), "text.txt"))
    print(f"{numbers:,} parameters in {directory}")


if __name__ == "__main__":
    main()
