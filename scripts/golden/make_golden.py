#!/usr/bin/env python3
"""Writes the golden files of the demo model that the Java tests compare with, computed by PyTorch in float32.

usage: make_golden.py DEMO_MODEL_DIR OUT_DIR
       DEMO_MODEL_DIR  the demo model with its texts and tasks (calibration.txt, validation.txt, tasks.jsonl)
       OUT_DIR         app/src/test/resources/golden
needs torch and transformers; the tests need neither

OUT_DIR/demo: logits, perplexities, task accuracy, Wanda scores, losses of masked models, ridge.
make_families.py makes the other golden files.

Arrays are base64 of little-endian float32, row-major. Log-likelihoods are natural; sums over tokens are in float64.
Everything is seeded; another version of PyTorch may differ in the last bits.
"""
import argparse
import json
import math
import pathlib

import torch
from transformers import AutoTokenizer

from common import VERSIONS, array, features_per_unit, load, mask, output_maps, write

WINDOW = 256


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


@torch.no_grad()
def inputs_of(model, part_of_model, batch):
    """What a part of the model gets to see, tokens × width, float64."""
    captured = []
    handle = part_of_model.register_forward_pre_hook(
        lambda _, inputs: captured.append(inputs[0].flatten(0, 1).double()))
    for part in batch.split(16):
        model.model(part)
    handle.remove()
    return torch.cat(captured)


def features(model, module, batch):
    """The inputs of a module's output map."""
    return inputs_of(model, output_maps(model)[module], batch)


def residual(model, module, batch):
    """The residual stream that a module's output is added to: what its normalisation gets to see."""
    layer = model.model.layers[module // 2]
    return inputs_of(model, layer.input_layernorm if module % 2 == 0 else layer.post_attention_layernorm, batch)


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
        wanted = y @ old.T
        if target == "residual":
            inherited = residual(dense, module, batch) - residual(model, module, batch)
            missing = missing + inherited.T @ x[:, keep]
            wanted = wanted + inherited
        new = torch.zeros_like(old)
        new[:, keep] = old[:, keep] + torch.linalg.solve(regular, missing, left=False)
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
        for target in ("prefix", "dense", "residual"):
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
    demo(arguments.demo_model, arguments.out / "demo")
