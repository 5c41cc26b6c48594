#!/usr/bin/env python3
"""Writes what transformers makes of checkpoints as they occur: altered copies of the models of make_families.py.

usage: make_variants.py GOLDEN_DIR
       GOLDEN_DIR  app/src/test/resources/golden; variants.json is written into it
needs torch and transformers; the tests need neither

A variant is an alteration, as data, so that the tests can repeat it without storing a model:
    base      the altered model
    set       keys of config.json that are set, to null, too
    remove    keys that are removed
    prefix    "without" or "twice": whether tensors have the base model's prefix, "model."; "mixed": every other one
    tensors   tensors that are added, by name: a copy of another tensor, times a factor; in a data type, if one is named
    drop      regular expression: tensors that are left out
    float32   regular expression: tensors that are stored in float32; all others are in bfloat16
and with it the last logits of a token sequence, of the model and of the same one without the last channel of its first
layer ("pruned"). Arrays are base64 of little-endian float32, row-major.
"""
import argparse
import json
import pathlib
import re
import tempfile

import torch
from safetensors.torch import load_file, save_file

from common import VERSIONS, array, load, output_maps, write

TOKENS, LAST = 13, 3
EMBEDDING, HEAD, OPT_EMBEDDING = "model.embed_tokens.weight", "lm_head.weight", "model.decoder.embed_tokens.weight"
NORM = "model.norm.weight"


def copied(source, factor=1.0):
    return {"from": source, "factor": factor}


FULL, SLIDING = "full_attention", "sliding_attention"
LINEAR = {"type": "linear", "factor": 2.0}
LLAMA3 = {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 128}
VARIANTS = {
    # a tied pair
    "llama-head-differs": dict(base="tiny-gqa", tensors={HEAD: copied(EMBEDDING, -0.5)}),
    "qwen2-head-differs": dict(base="tiny-qwen2", tensors={HEAD: copied(EMBEDDING, -0.5)}),
    "opt-head-differs": dict(base="tiny-opt", tensors={HEAD: copied(OPT_EMBEDDING, -0.5)}),
    "opt-post-norm-head-differs": dict(base="tiny-opt-post-norm", tensors={HEAD: copied(OPT_EMBEDDING, -0.5)}),
    "mistral-head-differs": dict(base="tiny-mistral", set={"tie_word_embeddings": True}),
    "llama-head-twice": dict(base="tiny-gqa", tensors={HEAD: copied(EMBEDDING)}, float32=HEAD),
    "llama-head-alone": dict(base="tiny-gqa", tensors={HEAD: copied(EMBEDDING)}, drop=EMBEDDING),
    "opt-untied": dict(base="tiny-opt", set={"tie_word_embeddings": False},
                       tensors={HEAD: copied(OPT_EMBEDDING, -0.5)}),
    "opt-tied-by-default": dict(base="tiny-opt", remove=["tie_word_embeddings"]),
    "llama-untied-by-default": dict(base="tiny-llama2", remove=["tie_word_embeddings"]),
    # names
    "llama-without-prefix": dict(base="tiny-gqa", prefix="without"),
    "llama-prefix-twice": dict(base="tiny-llama2", prefix="twice"),
    "qwen2-prefix-mixed": dict(base="tiny-qwen2", prefix="mixed"),
    "opt-without-prefix": dict(base="tiny-opt-post-norm", prefix="without"),
    "mistral-without-prefix": dict(base="tiny-mistral", prefix="without"),
    # what no layer needs
    "llama-buffers": dict(base="tiny-llama2", tensors={
        "model.layers.0.self_attn.rotary_emb.inv_freq": copied(NORM),
        "model.layers.0.self_attn.rotary_emb.cos_cached": copied(NORM),
        "model.layers.0.self_attn.masked_bias": copied(NORM)}),
    "llama-biases-denied": dict(base="tiny-llama3", set={"attention_bias": False, "mlp_bias": False}),
    "llama-more-layers": dict(base="tiny-llama32", set={"num_hidden_layers": 2}),
    "qwen2-query-norms": dict(base="tiny-qwen2", tensors={"model.layers.0.self_attn.q_norm.weight": copied(NORM)}),
    "mistral-other-heads": dict(base="tiny-mistral", tensors={"score.weight": copied(NORM), "lm_head.bias": copied(NORM)}),
    # rotary settings
    "llama-linear-old": dict(base="tiny-llama2", set={"rope_theta": 500.0, "rope_scaling": LINEAR}),
    "mistral-linear-new": dict(base="tiny-mistral", set={
        "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 500.0}}),
    "llama3-new": dict(base="tiny-llama3", set={"rope_parameters": LLAMA3}, remove=["rope_theta", "rope_scaling"]),
    "qwen2-llama3": dict(base="tiny-qwen2", set={"rope_scaling": LLAMA3}),
    "llama-both-forms": dict(base="tiny-gqa", set={"rope_scaling": LINEAR}),
    "llama-both-thetas": dict(base="tiny-gqa", set={"rope_theta": 77.0}),
    "llama-empty-scaling": dict(base="tiny-gqa", set={"rope_scaling": {}}),
    "llama3-context-beside": dict(base="tiny-llama3", set={"original_max_position_embeddings": 16}),
    "llama-type-and-rope-type": dict(base="tiny-llama2", set={
        "rope_scaling": {"type": "linear", "rope_type": "default", "factor": 2.0}}),
    # windows
    "mistral-window-null": dict(base="tiny-mistral", set={"sliding_window": None}),
    "mistral-window-missing": dict(base="tiny-mistral", remove=["sliding_window"]),
    "mistral-all-sliding": dict(base="tiny-mistral", set={"layer_types": [SLIDING] * 3}),
    "mistral-all-full": dict(base="tiny-mistral", set={"layer_types": [FULL] * 3}),
    "qwen2-window-null": dict(base="tiny-qwen2", set={"use_sliding_window": True, "sliding_window": None}),
    "qwen2-layer-types": dict(base="tiny-qwen2-untied", set={"layer_types": [SLIDING, FULL, SLIDING]}),
    "llama-layer-types": dict(base="tiny-llama2", set={"layer_types": [SLIDING] * 3, "sliding_window": 3}),
    # keys that are missing, null, or of no effect
    "llama-groups-missing": dict(base="tiny-llama2", remove=["num_key_value_heads"]),
    "llama-groups-null": dict(base="tiny-llama2", set={"num_key_value_heads": None, "head_dim": None}),
    "llama-swish": dict(base="tiny-llama2", set={"hidden_act": "swish"}),
    "llama-no-effect": dict(base="tiny-llama2", set={
        "pretraining_tp": 2, "attention_dropout": 0.5, "bos_token_id": 1, "eos_token_id": [2, 3], "dtype": "bfloat16",
        "torch_dtype": "float16"}),
    "opt-head-size": dict(base="tiny-opt", set={"head_dim": 8, "word_embed_proj_dim": None}),
    # other weights
    "llama-norms-in-float32": dict(base="tiny-llama32", float32=".*norm.*"),
    "opt-without-biases": dict(base="tiny-opt", set={"enable_bias": False}, drop=r".*(proj|fc\d)\.bias"),
    "opt-without-final-norm": dict(base="tiny-opt", set={"_remove_final_layer_norm": True},
                                   drop=r"model\.decoder\.final_layer_norm.*"),
}


def renamed(index, name, prefix):
    if prefix == "without" or prefix == "mixed" and index % 2:
        return name.removeprefix("model.")
    return "model." + name if prefix == "twice" else name


def alter(source, target, base, set={}, remove=(), prefix=None, tensors={}, drop=None, float32=None):
    config = json.loads((source / base / "config.json").read_text())
    config.update(set)
    (target / "config.json").write_text(json.dumps({k: v for k, v in config.items() if k not in remove}))
    stored = load_file(source / base / "model.safetensors")
    added = {name: stored[rule["from"]] * rule["factor"] for name, rule in tensors.items()}
    stored = {name: tensor for name, tensor in {**stored, **added}.items() if not (drop and re.fullmatch(drop, name))}
    stored = {name: tensor.float() if float32 and re.fullmatch(float32, name) else tensor
              for name, tensor in stored.items()}
    save_file({renamed(i, name, prefix): stored[name].contiguous() for i, name in enumerate(sorted(stored))},
              target / "model.safetensors", {"format": "pt"})


@torch.no_grad()
def last_logits(model, tokens):
    return array(model(torch.tensor([tokens])).logits[0, -LAST:])


def variant(golden, name, alteration):
    with tempfile.TemporaryDirectory() as directory:
        target = pathlib.Path(directory)
        alter(golden, target, **alteration)
        model = load(target)
        generator = torch.Generator().manual_seed(sum(name.encode()))
        tokens = torch.randint(0, model.config.vocab_size, (TOKENS,), generator=generator).tolist()
        result = {"name": name, **alteration, "tokens": tokens, "logits": last_logits(model, tokens)}
        with torch.no_grad():
            output_maps(model)[1].weight[:, -1] = 0
        return {**result, "pruned": last_logits(model, tokens)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("golden", type=pathlib.Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # more threads would change the order of sums
    variants = [variant(arguments.golden, name, alteration) for name, alteration in VARIANTS.items()]
    write(arguments.golden / "variants.json", {"versions": VERSIONS, "variants": variants})
    print(len(variants), "variants")
