#!/usr/bin/env python3
"""What a run takes on paper: floating-point operations by stage, divided by what machines do in a second.

usage: scripts/bench/sizing.py

The model of costs is that of docs/scale.md; its constants were measured there or are said to be assumed. Defaults of `prune`: 64 windows
for scoring, 32 for repair, 128 for figures, 2048 tokens each; the default agent.
"""

from dataclasses import dataclass

TOKENS = 2048
SCORING, REPAIR, EVALUATION = 64, 32, 128

# Policies whose figures are reported: dense, cut, repaired.
REPORTED = 3

# Windows of single probes, their share of the layers that is not computed for another one, and windows of the finals.
PROBE_WINDOWS, PROBE_SHARE, FINAL_WINDOWS = 4, 0.56, 42

KEPT = 0.7


@dataclass(frozen=True)
class Model:
    name: str
    hidden: int
    layers: int
    key_value: int
    mlp: int
    vocabulary: int = 32000

    @property
    def layer(self):
        return 2 * self.hidden * (self.hidden + self.key_value) + 3 * self.hidden * self.mlp

    @property
    def parameters(self):
        return self.layers * self.layer + self.hidden * self.vocabulary

    def window(self):
        """Operations of one window through the whole model, attention's scores included."""
        scores = 2 * self.layers * self.hidden * TOKENS * TOKENS  # half of them are computed
        return 2 * self.parameters * TOKENS + scores

    def scoring(self):
        """Windows, sums for every module's Gram matrix, and in double precision its factor and the curves."""
        features = (self.hidden, self.mlp)
        windows = SCORING * self.window()
        sums = SCORING * self.layers * sum(f * f for f in features) * TOKENS
        double = self.layers * sum(f**3 / 3 + 2 * self.hidden * f * f + 1.5 * self.hidden * f * f / 2 for f in features)
        return windows, sums, double

    def search(self):
        probes = 2 * self.layers * PROBE_WINDOWS * PROBE_SHARE
        return (probes + FINAL_WINDOWS) * self.window()

    def repair(self):
        """Windows of two streams, a Gram and a cross Gram matrix and two sums with the residual stream; the solutions."""
        features = (self.hidden, self.mlp)
        windows = REPAIR * 2 * self.window()
        sums = REPAIR * self.layers * sum(3 * f * f + 4 * self.hidden * f for f in features) * TOKENS
        double = self.layers * sum(
            (KEPT * f) ** 3 / 3 + 2 * self.hidden * f * KEPT * f + 4 * self.hidden * (KEPT * f) ** 2 for f in features
        )
        return windows, sums, double

    def figures(self):
        return REPORTED * EVALUATION * self.window()


@dataclass(frozen=True)
class Machine:
    """Operations a second in f32, bf16, f64, and for sums of moments, and how many of them evaluate candidates."""

    name: str
    single: float
    bfloat16: float
    double: float
    sums: float
    executors: int = 1

    def seconds(self, windows, sums, double):
        return windows / self.single + sums / self.sums + double / self.double


MODELS = [
    Model("7B", 4096, 32, 4096, 11008),
    Model("13B", 5120, 40, 5120, 13824),
    Model("70B", 8192, 80, 1024, 28672),
]
CORE = (0.19e12, 0.37e12, 0.08e12, 0.19e12)
MACHINES = [
    Machine("2 cores (measured rates)", *(2 * rate for rate in CORE)),
    Machine("16 cores", *(16 * rate for rate in CORE)),
    Machine("64 cores", *(64 * rate for rate in CORE)),
    Machine("ten executors of 16 cores", *(16 * rate for rate in CORE), executors=10),
    Machine("one H100 or H200 (rates of an H200), 16 cores beside it", 25e12, 66e12, 16 * CORE[2], 6.7e12),
]


def hours(seconds):
    if seconds >= 100 * 3600:
        return f"{seconds / 86400:.0f} d"
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


def main():
    print("| model | machine | scoring | probes and finals, bf16 | repair | figures | all |")
    print("|---|---|---|---|---|---|---|")
    for model in MODELS:
        for machine in MACHINES:
            scoring = machine.seconds(*model.scoring())
            search = model.search() / machine.bfloat16 / machine.executors
            repair = machine.seconds(*model.repair())
            figures = model.figures() / machine.single
            stages = (scoring, search, repair, figures)
            row = [hours(stage) for stage in (*stages, sum(stages))]
            print(f"| {model.name} | {machine.name} | " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
