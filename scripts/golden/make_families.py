#!/usr/bin/env python3
"""Writes tiny random models of every family, with what PyTorch and transformers compute for them in float32.

usage: make_families.py OUT_DIR
       OUT_DIR  app/src/test/resources/golden
needs torch and transformers; the tests need neither

OUT_DIR/NAME/expected.json    the logits of two token sequences
OUT_DIR/NAME/pruned.json      the same for the model without the units that the magnitude criterion ranks lowest;
                              "queryHeads": the same when query heads are removed from every KV group instead of groups;
                              "valueChannels": the same when dimensions are removed from the value of every KV group
OUT_DIR/NAME/generation.json  64 tokens after a prompt, chosen greedily, before and after that pruning; the best logit
                              is ahead of the second by more than 1e-3 at every step

The policy "retained" has two numbers a layer: the KV groups (or the query heads of every group, or the dimensions of its
value) and the channels that are kept. The score of a column of an output map is the mean of its absolute weights; that of a unit is the sum over
its columns. A removed unit has its columns zeroed.

Arrays are base64 of little-endian float32, row-major. Everything is seeded; another version of PyTorch may differ in
the last bits.
"""
import argparse
import json
import math
import pathlib
import shutil

import torch
from transformers import (LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, OPTConfig, OPTForCausalLM,
                          Qwen2Config, Qwen2ForCausalLM)

from common import (VERSIONS, array, features_per_unit, head_size, load, mask, output_maps, queries_per_group, write)

PROMPT, GENERATED, GAP = 5, 64, 1e-3
ABSENT = object()
PRUNED_TOKENS = 20  # a prefix of the sequences, to keep the files small; longer than the sliding windows


# --- the models ------------------------------------------------------------------------------------------------------


def randomize(model, generator):
    """Weights that make every part of the model matter: peaked attention, norms ≠ 1, biases ≠ 0."""
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if name.endswith("bias"):
            parameter.data = 0.3 * noise
        elif "norm" in name:
            parameter.data = 1 + 0.3 * noise
        elif "embed" in name:
            parameter.data = noise
        else:
            parameter.data = 1.5 * noise / math.sqrt(parameter.shape[1])


def classic(config, **keys):
    """The config as transformers 4 wrote it: rotary settings, data type, no list of layer types; plus these keys."""
    rotary = config.pop("rope_parameters", None)
    if rotary:
        config["rope_theta"] = rotary.pop("rope_theta")
        config["rope_scaling"] = rotary if rotary["rope_type"] != "default" else None
    config.pop("layer_types", None)
    config["torch_dtype"] = config.pop("dtype")
    config.update(keys)
    return {key: value for key, value in config.items() if value is not ABSENT}


def classic_rotary(config):
    """The rotary settings alone as transformers 4 wrote them."""
    rotary = config.pop("rope_parameters")
    config["rope_theta"] = rotary.pop("rope_theta")
    config["rope_scaling"] = rotary
    return config


TINY = dict(vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=8,
            num_key_value_heads=4, max_position_embeddings=512, bos_token_id=1, eos_token_id=2)
TINY_GQA = dict(vocab_size=130, hidden_size=48, intermediate_size=72, num_hidden_layers=3, rms_norm_eps=1e-5,
                head_dim=10, max_position_embeddings=512, bos_token_id=1, eos_token_id=2)
TINY_OPT = dict(vocab_size=96, hidden_size=32, ffn_dim=64, num_hidden_layers=3, num_attention_heads=8,
                max_position_embeddings=80, pad_token_id=1, bos_token_id=2, eos_token_id=2)
THETA_500 = {"rope_type": "default", "rope_theta": 500.0}

# name: seed, class, config, retained of "pruned", of "queryHeads" and of "valueChannels", how config.json is edited
# after saving
FAMILIES = {
    # LLaMA, 3 query heads a KV group, head size ≠ hidden size ÷ heads, tied, rotary settings of transformers 5
    "tiny-gqa": (1, LlamaForCausalLM, LlamaConfig(
        **TINY_GQA, num_attention_heads=6, num_key_value_heads=2, tie_word_embeddings=True, rope_parameters=THETA_500),
        [1, 60, 2, 44, 1, 65], [1, 60, 3, 40, 2, 50], [4, 50, 7, 36, 10, 40], None),
    # LLaMA 3.1: biases everywhere, untied, rotary scaling: wavelengths 6, 40, 251, 1577, 9953, so that one is shorter
    # than 128 ÷ 4, one is between, and the others are longer than 128 ÷ 1
    "tiny-llama3": (2, LlamaForCausalLM, LlamaConfig(
        **TINY_GQA, num_attention_heads=4, num_key_value_heads=1, tie_word_embeddings=False, attention_bias=True,
        mlp_bias=True, rope_parameters={
            "rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 128}),
        [1, 30, 1, 52, 1, 43], [2, 60, 3, 45, 2, 50], [6, 40, 3, 52, 9, 36], classic_rotary),
    # LLaMA 2: every head with its own keys and values, untied, a config without head_dim
    "tiny-llama2": (3, LlamaForCausalLM, LlamaConfig(
        **{**TINY, "num_key_value_heads": 8}, rms_norm_eps=1e-5, tie_word_embeddings=False,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0}),
        [5, 44, 8, 20, 4, 36], None, [2, 30, 3, 24, 1, 36], lambda config: classic(config, head_dim=ABSENT)),
    # LLaMA 3.2: rotary scaling, tied; wavelengths 6, 50, 396 of the three bands
    "tiny-llama32": (4, LlamaForCausalLM, LlamaConfig(
        **TINY, rms_norm_eps=1e-5, head_dim=6, tie_word_embeddings=True, rope_parameters={
            "rope_type": "llama3", "rope_theta": 500.0, "factor": 32.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 128}),
        [2, 44, 4, 20, 3, 36], [1, 36, 2, 28, 1, 36], [3, 30, 5, 20, 2, 36], classic),
    # Mistral: a sliding window shorter than the sequences, untied
    "tiny-mistral": (5, MistralForCausalLM, MistralConfig(
        **TINY, rms_norm_eps=1e-5, head_dim=6, tie_word_embeddings=False, sliding_window=12,
        rope_parameters=THETA_500),
        [3, 30, 2, 48, 4, 16], [2, 24, 1, 40, 1, 28], [2, 36, 4, 20, 5, 30], None),
    # Qwen2.5: biases of query, key and value, tied; the sliding window is off
    "tiny-qwen2": (6, Qwen2ForCausalLM, Qwen2Config(
        **TINY, rms_norm_eps=1e-6, tie_word_embeddings=True, use_sliding_window=False, max_window_layers=1,
        rope_parameters=THETA_500),
        [4, 16, 2, 44, 3, 36], [1, 40, 1, 36, 2, 28], [2, 28, 3, 24, 1, 36], lambda config: classic(config, sliding_window=12)),
    # … and on in all layers but the first, untied
    "tiny-qwen2-untied": (7, Qwen2ForCausalLM, Qwen2Config(
        **TINY, rms_norm_eps=1e-6, tie_word_embeddings=False, use_sliding_window=True, sliding_window=12,
        max_window_layers=1, rope_parameters=THETA_500),
        [2, 44, 3, 36, 4, 20], [2, 28, 1, 40, 1, 36], [3, 20, 1, 36, 2, 30], None),
    # OPT: learned positions, layer norms with biases before each module, ReLU, biases, tied
    "tiny-opt": (8, OPTForCausalLM, OPTConfig(**TINY_OPT), [5, 56, 8, 24, 4, 52], None, [2, 40, 3, 24, 1, 48],
                 classic),
    # OPT-350M: norms after each module, embeddings narrower than the hidden state
    "tiny-opt-post-norm": (21, OPTForCausalLM, OPTConfig(
        **TINY_OPT, do_layer_norm_before=False, word_embed_proj_dim=24),
        [7, 28, 4, 60, 6, 40], None, [1, 28, 3, 44, 2, 36], None),
}


def make(directory, seed, model_class, config, edit):
    """Writes the checkpoint; the generator goes on to the token sequences."""
    generator = torch.Generator().manual_seed(seed)
    model = model_class(config)
    with torch.no_grad():
        randomize(model, generator)
    shutil.rmtree(directory, ignore_errors=True)
    model.to(torch.bfloat16).save_pretrained(directory)
    (directory / "generation_config.json").unlink(missing_ok=True)
    if edit:
        write(directory / "config.json", edit(json.loads((directory / "config.json").read_text())))
    return generator


# --- pruning ---------------------------------------------------------------------------------------------------------


def best(scores, count):
    """The indices of the highest scores; no tie and no near tie may decide."""
    order = scores.sort(descending=True, stable=True)
    if count < len(scores):
        assert order.values[count - 1] - order.values[count] > 1e-6, "two units score the same: take another seed"
    return order.indices[:count].tolist()


@torch.no_grad()
def kept_units(model, retained):
    kept = []
    for module, (output, count) in enumerate(zip(output_maps(model), retained, strict=True)):
        columns = output.weight.double().abs().mean(0)
        kept.append(best(columns.view(-1, features_per_unit(model, module)).sum(1), count))
    return kept


@torch.no_grad()
def mask_query_heads(model, retained):
    """Keeps that many query heads of every group and leaves the keys and values alone; channels as usual."""
    units = list(retained)
    units[0::2] = [model.config.num_key_value_heads] * len(units[0::2])
    mask(model, kept_units(model, units))
    for output, count in zip(output_maps(model)[0::2], retained[0::2]):
        scores = output.weight.double().abs().mean(0).view(-1, queries_per_group(model), head_size(model)).sum(2)
        removed = torch.ones(scores.shape, dtype=torch.bool)
        for group, heads in enumerate(scores):
            removed[group, best(heads, count)] = False
        output.weight[:, removed.flatten().repeat_interleave(head_size(model))] = 0


@torch.no_grad()
def mask_value_channels(model, retained):
    """Keeps that many dimensions of the value of every group and leaves queries and keys alone; channels as usual."""
    units = list(retained)
    units[0::2] = [output.in_features // features_per_unit(model, 0) for output in output_maps(model)[0::2]]
    mask(model, kept_units(model, units))
    for output, count in zip(output_maps(model)[0::2], retained[0::2]):
        columns = output.weight.double().abs().mean(0).view(-1, queries_per_group(model), head_size(model))
        removed = torch.ones(columns.shape, dtype=torch.bool)
        for group, scores in enumerate(columns.sum(1)):
            removed[group, :, best(scores, count)] = False
        output.weight[:, removed.flatten()] = 0


def share_removed(model, retained, unit="group"):
    """Of the parameters of the decoder's linear maps, without biases."""
    everything = removed = 0
    for module, count in enumerate(retained):
        hidden, width = model.config.hidden_size, output_maps(model)[module].in_features
        if module % 2:
            parameters, share = hidden * width * (2 if model.config.model_type == "opt" else 3), 1 - count / width
            lost = parameters * share
        else:
            heads = width // head_size(model)
            shared = 2 * hidden * width // queries_per_group(model)
            parameters = 2 * hidden * width + shared
            units, removable = {
                "group": (heads // queries_per_group(model), parameters),
                "query head": (queries_per_group(model), parameters - shared),
                "value channel": (head_size(model), parameters / 2)}[unit]
            lost = removable * (1 - count / units)
        everything, removed = everything + parameters, removed + lost
    return removed / everything


# --- what they compute -----------------------------------------------------------------------------------------------


@torch.no_grad()
def logits(model, sequences):
    return [{"tokens": tokens, "logits": array(model(torch.tensor([tokens])).logits[0])} for tokens in sequences]


@torch.no_grad()
def generate(model, prompt):
    """The next tokens, or None if two logits are too close at some step, or the text says little."""
    model.generation_config.eos_token_id = None
    prompt = torch.tensor([prompt])
    result = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=GENERATED, do_sample=False,
                            use_cache=True, return_dict_in_generate=True, output_logits=True)
    top = torch.stack(result.logits)[:, 0].topk(2).values
    tokens = result.sequences[0, PROMPT:]
    again = model(result.sequences).logits[0, PROMPT - 1:-1].argmax(-1)
    assert torch.equal(again, tokens), "the KV cache changes what is generated"
    return tokens.tolist() if (top[:, 0] - top[:, 1]).min() > GAP and len(set(tokens.tolist())) >= 8 else None


def generation(dense, pruned, generator):
    for _ in range(200):
        prompt = torch.randint(3, dense.config.vocab_size, (PROMPT,), generator=generator).tolist()
        generated = generate(dense, prompt)
        pruned_generated = generated and generate(pruned, prompt)
        if pruned_generated:
            return {"versions": VERSIONS, "prompt": prompt, "generated": generated,
                    "prunedGenerated": pruned_generated}
    raise SystemExit("no prompt is decided clearly enough")


def masked(directory, mask_units, retained, sequences):
    """What is left of a model, and what it computes."""
    model = load(directory)
    mask_units(model, retained)
    return {"retained": retained, "sequences": logits(model, sequences)}


def family(directory, seed, model_class, config, retained, query_heads, value_channels, edit):
    generator = make(directory, seed, model_class, config, edit)
    lengths = (40, 33) if config.vocab_size == TINY_GQA["vocab_size"] else (20, 15)
    sequences = [torch.randint(0, config.vocab_size, (n,), generator=generator).tolist() for n in lengths]
    dense, pruned = load(directory), load(directory)
    write(directory / "expected.json", {"versions": VERSIONS, "sequences": logits(dense, sequences)})

    shortened = [tokens[:PRUNED_TOKENS] for tokens in sequences]
    mask(pruned, kept_units(pruned, retained))
    expected = {"versions": VERSIONS, "retained": retained, "sequences": logits(pruned, shortened)}
    shares = [share_removed(dense, retained)]
    if query_heads:
        expected["queryHeads"] = masked(directory, mask_query_heads, query_heads, shortened[:1])
        shares.append(share_removed(dense, query_heads, "query head"))
    expected["valueChannels"] = masked(directory, mask_value_channels, value_channels, shortened[:1])
    shares.append(share_removed(dense, value_channels, "value channel"))
    write(directory / "pruned.json", expected)
    write(directory / "generation.json", generation(dense, pruned, generator))
    size = sum(path.stat().st_size for path in directory.iterdir())
    print(directory.name, "removed", *[f"{share:.1%}" for share in shares], f"{size / 1000:.0f} kB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # more threads would change the order of sums
    for name, specification in FAMILIES.items():
        family(arguments.out / name, *specification)
