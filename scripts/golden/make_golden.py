#!/usr/bin/env python3
"""Writes the golden files that the Java tests compare with, computed by PyTorch and transformers in float32.

usage: make_golden.py DEMO_MODEL_DIR OUT_DIR
       DEMO_MODEL_DIR  the demo model with its texts and tasks (calibration.txt, validation.txt, tasks.jsonl)
       OUT_DIR         app/src/test/resources/golden
needs torch and transformers; the tests need neither

OUT_DIR/tiny-gqa      a random LLaMA: 3 query heads a KV head, head size ≠ hidden size ÷ heads, tied embeddings, and
                      the rotary settings as transformers 5 writes them; with the logits of two token sequences
OUT_DIR/tiny-llama3   another: Llama 3's rotary scaling with all its three bands, biases everywhere, untied, and the
                      rotary settings as transformers 4 wrote them
OUT_DIR/demo          the demo model: logits, perplexities, task accuracy, Wanda scores, losses of masked models, ridge

Arrays are base64 of little-endian float32, row-major. Log-likelihoods are natural; sums over tokens are in float64.
Everything is seeded; another version of PyTorch may differ in the last bits.
"""
import argparse
import base64
import json
import math
import pathlib
import shutil

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

WINDOW = 256
VERSIONS = {"torch": torch.__version__, "transformers": transformers.__version__}


def array(tensor):
    tensor = tensor.detach().to(torch.float32).contiguous()
    return {"shape": list(tensor.shape), "float32": base64.b64encode(tensor.numpy().tobytes()).decode()}


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")


def load(directory):
    return AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32, attn_implementation="eager").eval()


# --- tiny random models ----------------------------------------------------------------------------------------------


def randomize(model, generator):
    """Weights that make every part of the model matter: peaked attention, norms ≠ 1, biases ≠ 0."""
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in name:
            parameter.data = 1 + 0.3 * noise
        elif name.endswith("bias"):
            parameter.data = 0.3 * noise
        elif "embed" in name:
            parameter.data = noise
        else:
            parameter.data = 1.5 * noise / math.sqrt(parameter.shape[1])


def tiny(directory, config, classic_rotary, seed):
    generator = torch.Generator().manual_seed(seed)
    model = LlamaForCausalLM(LlamaConfig(**config))
    with torch.no_grad():
        randomize(model, generator)
    shutil.rmtree(directory, ignore_errors=True)
    model.to(torch.bfloat16).save_pretrained(directory)
    (directory / "generation_config.json").unlink(missing_ok=True)
    if classic_rotary:
        saved = json.loads((directory / "config.json").read_text())
        rotary = saved.pop("rope_parameters")
        saved["rope_theta"] = rotary.pop("rope_theta")
        saved["rope_scaling"] = rotary
        write(directory / "config.json", saved)

    model = load(directory)
    sequences = []
    for length in (40, 33):
        tokens = torch.randint(0, config["vocab_size"], (1, length), generator=generator)
        with torch.no_grad():
            sequences.append({"tokens": tokens[0].tolist(), "logits": array(model(tokens).logits[0])})
    write(directory / "expected.json", {"versions": VERSIONS, "sequences": sequences})


TINY = dict(vocab_size=130, hidden_size=48, intermediate_size=72, num_hidden_layers=3, rms_norm_eps=1e-5, head_dim=10,
            max_position_embeddings=512, bos_token_id=1, eos_token_id=2)
TINY_GQA = dict(TINY, num_attention_heads=6, num_key_value_heads=2, tie_word_embeddings=True,
                rope_parameters={"rope_type": "default", "rope_theta": 500.0})
# Wavelengths 6, 40, 251, 1577, 9953: one shorter than 128 / 4, one between, the others longer than 128 / 1.
TINY_LLAMA3 = dict(TINY, num_attention_heads=4, num_key_value_heads=1, tie_word_embeddings=False,
                   attention_bias=True, mlp_bias=True,
                   rope_parameters={"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0,
                                    "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                    "original_max_position_embeddings": 128})


# --- demo model ------------------------------------------------------------------------------------------------------


def windows(tokenizer, text):
    """Every line is tokenised on its own; the windows do not overlap."""
    tokens = [t for line in text.read_text(encoding="utf-8").splitlines() for t in tokenizer(line).input_ids]
    count = len(tokens) // WINDOW
    return tokens, torch.tensor(tokens[: count * WINDOW]).view(count, WINDOW)


@torch.no_grad()
def losses(model, batch):
    """Mean negative log-likelihood of the predicted tokens of each window."""
    result = []
    for part in batch.split(16):
        log_probabilities = torch.log_softmax(model(part).logits[:, :-1].double(), -1)
        result.append(-log_probabilities.gather(2, part[:, 1:, None])[..., 0].mean(1))
    return torch.cat(result)


def perplexity(model, batch):
    return math.exp(losses(model, batch).mean().item())


@torch.no_grad()
def choice_log_likelihoods(model, tokenizer, task):
    """Total log-likelihood of the tokens from the first one on that the choice changes."""
    context = tokenizer(task["context"]).input_ids
    result = []
    for choice in task["choices"]:
        full = tokenizer(task["context"] + choice).input_ids
        common = 0
        while common < min(len(context), len(full)) and context[common] == full[common]:
            common += 1
        tokens = torch.tensor([full])
        log_probabilities = torch.log_softmax(model(tokens).logits[0, :-1].double(), -1)
        result.append(log_probabilities[torch.arange(common - 1, len(full) - 1), tokens[0, common:]].sum().item())
    return result


def tasks(model, tokenizer, path):
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    values = [choice_log_likelihoods(model, tokenizer, row) for row in rows]
    answers = [value.index(max(value)) for value in values]
    kinds = {}
    for row, answer in zip(rows, answers):
        right_and_all = kinds.setdefault(row["kind"], [0, 0])
        right_and_all[0] += answer == row["answer"]
        right_and_all[1] += 1
    return {"right": sum(right for right, _ in kinds.values()), "count": len(rows), "kinds": dict(sorted(kinds.items())),
            "answers": answers, "firstLogLikelihoods": values[:8]}


# --- pruning with masks ----------------------------------------------------------------------------------------------


def output_maps(model):
    """The output maps of all modules in the order of a policy: attention and MLP of layer 0, of layer 1, …"""
    return [m for layer in model.model.layers for m in (layer.self_attn.o_proj, layer.mlp.down_proj)]


def features_per_unit(model, module):
    return model.config.head_dim * (model.config.num_attention_heads // model.config.num_key_value_heads) \
        if module % 2 == 0 else 1


@torch.no_grad()
def features(model, module, batch):
    """The inputs of a module's output map, tokens × features, float64."""
    captured = []
    handle = output_maps(model)[module].register_forward_pre_hook(
        lambda _, inputs: captured.append(inputs[0].flatten(0, 1).double()))
    for part in batch.split(16):
        model.model(part)
    handle.remove()
    return torch.cat(captured)


@torch.no_grad()
def wanda_scores(model, batch):
    """One tensor a module: mean over outputs of |W| times the root mean square of the feature, summed by unit."""
    scores = []
    for module, output in enumerate(output_maps(model)):
        norms = features(model, module, batch).square().mean(0).sqrt()
        columns = output.weight.double().abs().mean(0) * norms
        scores.append(columns.view(-1, features_per_unit(model, module)).sum(1))
    return scores


@torch.no_grad()
def mask(model, kept):
    """Zeroes the columns of the units that are not kept; kept is one list of units a module."""
    for module, (output, units) in enumerate(zip(output_maps(model), kept)):
        width = features_per_unit(model, module)
        removed = torch.ones(output.in_features // width, dtype=torch.bool)
        removed[units] = False
        output.weight[:, removed.repeat_interleave(width)] = 0


@torch.no_grad()
def calibrate(model, dense, kept, batch, ridge, target):
    """Ridge regression, module by module on the pruned and calibrated prefix; the model is dense at the start."""
    errors = []
    for module, (output, units) in enumerate(zip(output_maps(model), kept)):
        width = features_per_unit(model, module)
        keep = torch.cat([torch.arange(u * width, (u + 1) * width) for u in sorted(units)])
        x = features(model, module, batch)
        y = x if target == "prefix" else features(dense, module, batch)
        old = output.weight.double()
        gram, cross = x.T @ x, y.T @ x
        regular = gram[keep][:, keep]
        regular = regular + ridge * regular.diagonal().mean() * torch.eye(len(keep), dtype=torch.float64)
        missing = old @ cross[:, keep] - old[:, keep] @ gram[keep][:, keep]
        new = torch.zeros_like(old)
        new[:, keep] = old[:, keep] + torch.linalg.solve(regular, missing, left=False)
        wanted = y @ old.T
        errors.append((((x @ new.T) - wanted).square().sum() / wanted.square().sum()).item())
        output.weight.copy_(new)
    return errors


def leading(model, heads, channels):
    """A policy that keeps the leading units of every module, in the checkpoint's own order."""
    return [list(range(heads if module % 2 == 0 else channels)) for module in range(len(output_maps(model)))]


def masked(directory, batch):
    """Losses of models whose trailing units are removed, before and after calibration."""
    dense = load(directory)
    _, calibration = windows(AutoTokenizer.from_pretrained(directory), directory / "calibration.txt")
    everything = leading(dense, dense.config.num_attention_heads, dense.config.intermediate_size)
    one_layer = list(everything)
    one_layer[6], one_layer[7] = list(range(4)), list(range(412))
    uneven = [list(range(1 + (5 * m) % 6)) if m % 2 == 0 else list(range(40 + 61 * m % 470)) for m in range(16)]
    cases = []
    for kept in (one_layer, leading(dense, 4, 300), uneven):
        case = {"retained": [len(units) for units in kept]}
        model = load(directory)
        mask(model, kept)
        case["losses"] = losses(model, batch).tolist()
        for target in ("prefix", "dense"):
            model = load(directory)
            errors = calibrate(model, dense, kept, calibration[:8], 1e-4, target)
            case[f"ridge-{target}"] = {"relativeErrors": errors, "losses": losses(model, batch).tolist()}
        cases.append(case)
    return cases


def demo(directory, out):
    tokenizer, model = AutoTokenizer.from_pretrained(directory), load(directory)
    tokens, validation = windows(tokenizer, directory / "validation.txt")
    _, calibration = windows(tokenizer, directory / "calibration.txt")

    prefix, positions = tokens[:64], [0, 1, 2, 5, 17, 31, 47, 63]
    with torch.no_grad():
        logits = model(torch.tensor([prefix])).logits[0, positions]
    all_losses = losses(model, validation)
    write(out / "expected.json", {
        "versions": VERSIONS,
        "validationTokens": len(tokens),
        "prefix": prefix,
        "positions": positions,
        "logits": array(logits),
        "windowLength": WINDOW,
        "windows": len(validation),
        "firstWindowLosses": all_losses[:8].tolist(),
        "perplexity128": math.exp(all_losses[:128].mean().item()),
        "perplexityAll": math.exp(all_losses.mean().item()),
        "tasks": tasks(model, tokenizer, directory / "tasks.jsonl"),
    })
    scores = wanda_scores(model, calibration[:4])
    write(out / "wanda.json", {
        "versions": VERSIONS,
        "calibrationWindows": 4,
        "groups": array(torch.stack(scores[0::2])),
        "channels": array(torch.stack(scores[1::2])),
    })
    write(out / "masked.json", {
        "versions": VERSIONS,
        "validationWindows": 4,
        "ridge": 1e-4,
        "calibrationWindows": 8,
        "cases": masked(directory, validation[:4]),
    })


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("demo_model", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # more threads would change the order of sums
    tiny(arguments.out / "tiny-gqa", TINY_GQA, classic_rotary=False, seed=1)
    tiny(arguments.out / "tiny-llama3", TINY_LLAMA3, classic_rotary=True, seed=2)
    demo(arguments.demo_model, arguments.out / "demo")
