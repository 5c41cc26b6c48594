#!/usr/bin/env python3
"""Checks that transformers loads an exported pruned checkpoint and computes what is expected of it.

usage: check_export.py DIR --expected PRUNED_JSON [--unit queryHeads|valueChannels] [--plain] [--padded PADDED_DIR]
                       [--generation GENERATION_JSON]
       check_export.py --variants VARIANTS_DIR
       DIR              the pruned checkpoint; loaded with trust_remote_code
       --expected       pruned.json of the source model, see make_families.py
       --unit           expect what it says of these units of attention
       --padded         the zero-padded twin; loaded as a plain model of its family, without trust_remote_code
       --generation     generation.json of the source model; also generates text with the KV cache
       --variants       a directory for each variant, with pruned/ and expected.json, and perhaps padded/ and
                        generation.json
       --plain          load DIR without trust_remote_code, too
needs torch and transformers

Prints one line a check and exits with 1 if one fails. Logits may differ by 1e-4 of the largest one. AutoConfig and
AutoTokenizer are tried without our code, too: they must work or ask for trust_remote_code.
"""
import argparse
import builtins
import json
import pathlib
import sys

import torch
from transformers import AutoConfig, AutoTokenizer, logging

from common import load, tensor

TOLERANCE = 1e-4


@torch.no_grad()
def difference(model, sequences):
    """The largest difference of two logits, relative to the largest logit."""
    worst = 0.0
    for sequence in sequences:
        expected = tensor(sequence["logits"])
        logits = model(torch.tensor([sequence["tokens"]])).logits[0, -len(expected):]
        worst = max(worst, ((logits - expected).abs().max() / expected.abs().max()).item())
    return worst


def generate(model, prompt, count):
    model.generation_config.eos_token_id = None
    prompt = torch.tensor([prompt])
    tokens = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=count, do_sample=False)
    return tokens[0, prompt.shape[1]:].tolist()


def check(what, directory, sequences, generation, trust):
    """Whether all checks of one checkpoint pass, with each of the attention implementations."""
    passed = True

    def report(passes, line):
        nonlocal passed
        passed &= passes
        print("ok  " if passes else "FAIL", what, line, flush=True)

    for attention in ("eager", "sdpa"):
        try:
            model = load(directory, attn_implementation=attention, trust_remote_code=trust)
            worst = difference(model, sequences)
            report(worst <= TOLERANCE, f"{attention}: logits differ by {worst:.1e} of the largest")
            if generation:
                expected = generation["prunedGenerated"]
                tokens = generate(model, generation["prompt"], len(expected))
                equal = sum(1 for a, b in zip(tokens, expected) if a == b)
                report(tokens == expected, f"{attention}: {equal} of {len(expected)} generated tokens are equal")
        except Exception as error:  # whatever a loader throws is a finding, and the next check may tell more
            report(False, f"{attention}: {type(error).__name__}: {str(error).splitlines()[0]}")
    return passed


def check_without_code(what, directory):
    """AutoConfig and AutoTokenizer of someone who does not run our code: they work, or say what to allow."""
    passed = True
    builtins.input = lambda prompt: "n"  # the answer to whether to run it
    for loader in (AutoConfig, AutoTokenizer):
        try:
            outcome = "works: " + type(loader.from_pretrained(directory)).__name__
            passes = True
        except Exception as error:
            passes = isinstance(error, ValueError) and "trust_remote_code" in str(error)
            outcome = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        print("ok  " if passes else "FAIL", what, loader.__name__, "without our code", outcome, flush=True)
        passed &= passes
    return passed


def check_both(name, directory, padded, expected, plain=False, unit=None, generation=None):
    """Whether all checks of a pruned checkpoint and its padded twin pass."""
    expected = json.loads(expected.read_text())
    sequences = (expected[unit] if unit else expected)["sequences"]
    generation = generation and json.loads(generation.read_text())
    results = [check(name + "pruned", directory, sequences, generation, trust=True),
               check_without_code(name + "pruned", directory)]
    if plain:
        results.append(check(name + "plain", directory, sequences, generation, trust=False))
    if padded:
        results.append(check(name + "padded", padded, sequences, generation, trust=False))
        results.append(check_without_code(name + "padded", padded))
    return all(results)


def existing(path):
    return path if path.exists() else None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path, nargs="?")
    parser.add_argument("--expected", type=pathlib.Path)
    parser.add_argument("--unit", choices=["queryHeads", "valueChannels"])
    parser.add_argument("--padded", type=pathlib.Path)
    parser.add_argument("--generation", type=pathlib.Path)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--variants", type=pathlib.Path)
    arguments = parser.parse_args()
    if (arguments.variants is None) == (arguments.directory is None or arguments.expected is None):
        parser.error("either DIR and --expected, or --variants")
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    if arguments.variants:
        results = [check_both(variant.name + " ", variant / "pruned", existing(variant / "padded"),
                              variant / "expected.json", generation=existing(variant / "generation.json"))
                   for variant in sorted(arguments.variants.iterdir())]
        sys.exit(not (results and all(results)))
    sys.exit(not check_both("", arguments.directory, arguments.padded, arguments.expected, arguments.plain,
                            arguments.unit, arguments.generation))
