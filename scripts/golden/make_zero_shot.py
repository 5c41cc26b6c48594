#!/usr/bin/env python3
"""Writes small files in the formats of seven zero-shot data sets, and how lm-evaluation-harness scores them.

usage: make_zero_shot.py MODEL_DIR OUT_DIR [--expected FILE]
       MODEL_DIR   the model that is asked, the demo model for what is committed
       OUT_DIR     app/src/test/resources/golden/zero-shot; the tasks' files are written into it
       --expected  where the figures go, for another model; default: OUT_DIR/expected.json
needs lm-eval, torch and transformers; the tests need none of them, nothing is downloaded

All questions are made up here, seeded: no sentence is from a data set. They have the fields of the data sets as the
harness reads them, and what is odd about these: white space at ends, characters outside of ASCII, WikiHow's brackets,
choices that are equal, a passage longer than the model's context.

A figure is worth comparing if rounding cannot decide it. The script ends with an error where the likeliest choices of a
question are neither equal nor apart by MARGIN, or, for each character, by what that makes of the shortest choice.
"""
import argparse
import importlib.metadata
import json
import pathlib
import random
import tempfile

import lm_eval
import torch
from lm_eval import simple_evaluate
from lm_eval.models.huggingface import HFLM

from common import VERSIONS

DEFINITIONS = {"boolq": "super_glue/boolq/default.yaml", "piqa": "piqa/piqa.yaml",
               "hellaswag": "hellaswag/hellaswag.yaml", "winogrande": "winogrande/default.yaml",
               "arc_easy": "arc/arc_easy.yaml", "arc_challenge": "arc/arc_challenge.yaml",
               "openbookqa": "openbookqa/openbookqa.yaml"}
RUNS = [(0, None), (2, 10), (5, 10)]  # examples and most questions
COUNT = 32
EXAMPLES = {"boolq": 30, "piqa": 12, "hellaswag": 25, "winogrande": 9, "arc_easy": 40, "arc_challenge": 6, "openbookqa": 22}
MARGIN = 1e-3  # twice what the tests tolerate of a log-likelihood

PEOPLE = ["Ned", "Pia", "Ivan", "Dora", "Wren", "Walt", "June", "Zoë"]
PLACES = ["bridge", "museum", "barn", "bakery", "forest", "tower", "school", "café"]
THINGS = ["lamp", "mirror", "ladder", "boat", "map", "clock", "drum", "candle"]
COLORS = ["black", "blue", "yellow", "red", "golden", "orange", "green", "purple"]
FRUITS = ["plums", "peaches", "carrots", "lemons", "onions"]
NUMBERS = ["two", "three", "four", "five", "six", "seven", "eight", "nine"]


class Words:
    """Random words of the demo model's town."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def some(self, words, count):
        return self.random.sample(words, count)

    def one(self, words):
        return self.random.choice(words)

    def index(self, count):
        return self.random.randrange(count)

    def story(self, sentences):
        return " ".join(self.sentence() for _ in range(sentences))

    def sentence(self):
        person, other = self.some(PEOPLE, 2)
        place, thing, color, number, fruit = (self.one(w) for w in (PLACES, THINGS, COLORS, NUMBERS, FRUITS))
        return self.one([
            f"{person} went to the {place}.",
            f"There was a {color} {thing} in the {place}.",
            f"{person} saw the {color} {thing} and picked it up.",
            f"{person} had {number} {fruit} in the basket.",
            f"{person} gave the {thing} to {other}.",
            f"Somebody had left a {color} {thing} in the {place}."])


def boolq(words, row):
    passage = words.story(2 + words.index(6))
    if row % 11 == 3:
        passage = words.story(160)  # more than the model's context
    if row % 9 == 4:
        passage += "  \n"
    question = f"is the {words.one(THINGS)} in the {words.one(PLACES)}"
    return {"question": question, "passage": passage, "idx": row, "label": words.index(2)}


def piqa(words, row):
    place, thing = words.one(PLACES), words.one(THINGS)
    first = f"{words.one(PEOPLE)} goes to the {place} and picks up the {thing}."
    second = words.one([f"{words.one(PEOPLE)} eats the {thing}.", f"Put it down in the {words.one(PLACES)}",
                        f" {first}", "go… 🙂 and then go home"])
    if row % 10 == 7:
        second = first
    return {"goal": f"How do you get the {words.one(COLORS)} {thing}{words.one(['?', '', ' '])}",
            "sol1": first, "sol2": second, "label": words.index(2)}


def hellaswag(words, row):
    endings = [words.sentence() for _ in range(4)]
    if row % 5 == 1:
        endings = [f"[header] {endings[0]} [title] Go on.", f"  {endings[1]}", f"{endings[2]} [substeps] Now.  Then.  ",
                   endings[3].lower()]
    context = words.one([words.sentence(), f"[header] How to find a {words.one(THINGS)} [title] {words.sentence()}",
                         f"{words.sentence()}   {words.sentence()}", words.sentence() + "\n[a\nb] c"])
    second = words.one(["", f"then {words.one(PEOPLE)}", words.one(PEOPLE).upper() + " AND THE Cat", "élan", "she [x] "])
    return {"ind": row, "activity_label": words.one(["Walking", "Picking fruit", " Cooking"]), "ctx_a": context,
            "ctx_b": second, "ctx": f"{context} {second}", "endings": endings, "source_id": f"town~{row}",
            "split": "val", "label": str(words.index(4))}


def winogrande(words, row):
    first, second = words.some(PEOPLE, 2)
    place, number, fruit = words.one(PLACES), words.one(NUMBERS), words.one(FRUITS)
    sentence = words.one([
        f"{first} had {number} {fruit} and {second} had none, so _ was not hungry.",
        f"_ went to the {place} because {first} and not {second} was waiting there.",
        f"{first} gave the {words.one(THINGS)} to {second} in the {place} , and _ put it  in the bag .",
        f"In the {place} {second} looked at {first}, but _was tired."])
    return {"sentence": sentence, "option1": first, "option2": words.one([second, f"the man from the {place}"]),
            "answer": words.one(["1", "2"])}


def question_of(words):
    return f"Where is the {words.one(COLORS)} {words.one(THINGS)}?"


def lettered(words, row, labels):
    return {"text": [words.one([f"in the {place}", f"It is in the {place}.", f"{place}, near the {words.one(THINGS)}"])
                     for place in words.some(PLACES, len(labels))], "label": labels}


def arc(words, row, prefix):
    labels = [list("ABCD"), list("1234"), list("ABC"), list("ABCDE")][row % 4]
    return {"id": f"{prefix}_{row}", "question": f"{words.story(1 + words.index(3))} {question_of(words)}",
            "choices": lettered(words, row, labels), "answerKey": words.one(labels)}


def openbookqa(words, row):
    labels = list("ABCD")
    stem = f"{words.sentence()} {words.one(PEOPLE)} is now in the"
    return {"id": f"{row}", "question_stem": stem + words.one(["", " ", "  ", "\u00a0", "\u2003"]),
            "choices": lettered(words, row, labels), "answerKey": words.one(["", " "]) + words.one(labels)}


MAKERS = {"boolq": boolq, "piqa": piqa, "hellaswag": hellaswag, "winogrande": winogrande,
          "arc_easy": lambda words, row: arc(words, row, "town-easy"),
          "arc_challenge": lambda words, row: arc(words, row, "town-challenge"), "openbookqa": openbookqa}


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=row is rows[0]) + "\n" for row in rows), encoding="utf-8")


def write_tasks(directory):
    directory.mkdir(parents=True, exist_ok=True)
    for number, task in enumerate(DEFINITIONS):
        words = Words(number)
        asked = [MAKERS[task](words, row) for row in range(COUNT)]
        examples = [MAKERS[task](words, COUNT + row) for row in range(EXAMPLES[task])]
        if task == "boolq":  # an example longer than the context would hide the others
            for example in examples:
                example["passage"] = example["passage"][:200]
        examples[1:1] = asked[:2]  # the harness draws no example that equals what it asks, where it asks the validation part
        write_lines(directory / f"{task}.jsonl", asked)
        write_lines(directory / f"{task}.train.jsonl", examples[:EXAMPLES[task]])


def definition(task, directory, scratch):
    """A file that says what the harness's own definition of a task says, but for where the data are."""
    evaluated = "test" if task in ("arc_easy", "arc_challenge", "openbookqa") else "validation"
    parts = {"train": f"{task}.train.jsonl", "validation": f"{task}.jsonl", evaluated: f"{task}.jsonl"}
    own = {"include": str(pathlib.Path(lm_eval.__file__).parent / "tasks" / DEFINITIONS[task]), "task": task,
           "dataset_path": "json", "dataset_name": None,
           "dataset_kwargs": {"data_files": {part: str((directory / name).absolute()) for part, name in parts.items()}}}
    path = scratch / f"{task}.yaml"
    path.write_text(json.dumps(own))  # JSON is YAML
    return str(path)


def require_margins(values, margin, where):
    first, second = sorted(values, reverse=True)[:2]
    if first != second and first - second < margin:
        raise SystemExit(f"{where}: {first} and {second} are too close to compare; change a seed")


def question(sample, normalised, where):
    likelihoods = [float(response[0]) for response in sample["filtered_resps"]]
    pairs = [tuple(pair) for pair in sample["arguments"]]
    require_margins(likelihoods, MARGIN, where)
    result = {"contexts": list(dict.fromkeys(context for context, _ in pairs)),
              "continuations": list(dict.fromkeys(continuation for _, continuation in pairs)),
              "logLikelihoods": likelihoods, "acc": sample["acc"]}
    if normalised:
        lengths = [len(continuation) - 1 for _, continuation in pairs]
        require_margins([value / length for value, length in zip(likelihoods, lengths)], MARGIN / min(lengths), where)
        result["accNorm"] = sample["acc_norm"]
    return result


def figures(results, task):
    of_task = results["results"][task]
    normalised = "acc_norm,none" in of_task
    names = {"acc": "acc,none", "accStderr": "acc_stderr,none"}
    if normalised:
        names |= {"accNorm": "acc_norm,none", "accNormStderr": "acc_norm_stderr,none"}
    samples = sorted(results["samples"][task], key=lambda sample: sample["doc_id"])
    return {name: of_task[key] for name, key in names.items()} | {
        "questions": [question(sample, normalised, f"{task} {sample['doc_id']}") for sample in samples]}


def by_lines(value):
    """JSON with a line for every question."""
    return json.dumps(value).replace('{"contexts"', '\n{"contexts"')


def main(arguments):
    torch.set_num_threads(1)  # more threads would change the order of sums
    write_tasks(arguments.out)
    model = HFLM(pretrained=str(arguments.model), dtype="float32", device="cpu", batch_size=1)
    runs = []
    with tempfile.TemporaryDirectory() as scratch:
        definitions = [definition(task, arguments.out, pathlib.Path(scratch)) for task in DEFINITIONS]
        for shots, limit in RUNS:
            results = simple_evaluate(model, tasks=definitions, num_fewshot=shots, limit=limit, log_samples=True)
            runs.append({"shots": shots, "limit": limit, "tasks": {task: figures(results, task) for task in DEFINITIONS}})
    versions = VERSIONS | {"lm-eval": importlib.metadata.version("lm-eval")}
    expected = arguments.expected or arguments.out / "expected.json"
    expected.write_text(by_lines({"versions": versions, "runs": runs}) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--expected", type=pathlib.Path)
    main(parser.parse_args())
