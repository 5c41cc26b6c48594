"""The yardstick of sparsify.sh: Wanda and SparseGPT as their authors wrote them, FISTAPruner by the same formulas as ours."""

import sys
import time

import torch

ITERATIONS, ROUNDS, THRESHOLD, LEAST, MOST = 20, 3, 0.3, 1e-4, 1e-1


def largest_eigenvalue(gram):
    vector = torch.rand(gram.shape[0], dtype=gram.dtype) * 2 - 1
    eigenvalue = 0.0
    for _ in range(200):
        vector = gram @ (vector / vector.norm())
        found = vector.norm().item()
        if found - eigenvalue <= 1e-6 * found:
            return found
        eigenvalue = found
    return eigenvalue


def mask_of(scores, pattern):
    """True where weights go."""
    if ":" in pattern:
        kept, size = map(int, pattern.split(":"))
        groups = scores.reshape(-1, size)
        mask = torch.zeros_like(groups, dtype=torch.bool)
        mask.scatter_(1, groups.topk(size - kept, dim=1, largest=False).indices, True)
        return mask.reshape(scores.shape)
    flat = scores.flatten()
    return scores <= flat.kthvalue(int(float(pattern) * flat.numel())).values


def wanda(weights, gram, pattern):
    scores = weights.abs() * gram.diagonal().sqrt()
    if ":" in pattern:
        mask = mask_of(scores, pattern)
    else:
        dropped = int(float(pattern) * weights.shape[1])
        mask = torch.zeros_like(scores, dtype=torch.bool)
        mask.scatter_(1, scores.sort(dim=1, stable=True).indices[:, :dropped], True)
    return weights.masked_fill_(mask, 0.0)


def sparsegpt(weights, gram, pattern, block=128):
    rows, columns = weights.shape
    hessian = gram.clone()
    hessian.diagonal().add_(0.01 * hessian.diagonal().mean())
    upper = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(hessian)), upper=True)
    for first in range(0, columns, block):
        end = min(first + block, columns)
        current = weights[:, first:end].clone()
        errors = torch.zeros_like(current)
        factor = upper[first:end, first:end]
        if ":" not in pattern:
            mask = mask_of(current**2 / factor.diagonal() ** 2, pattern)
        else:
            kept, size = map(int, pattern.split(":"))
            mask = torch.zeros_like(current, dtype=torch.bool)
        for i in range(end - first):
            if ":" in pattern and i % size == 0:
                scores = current[:, i : i + size] ** 2 / factor.diagonal()[i : i + size] ** 2
                mask[:, i : i + size] = mask_of(scores, pattern)
            column = current[:, i]
            kept_column = torch.where(mask[:, i], 0.0, column)
            error = (column - kept_column) / factor[i, i]
            current[:, i:] -= error.unsqueeze(1) @ factor[i, i:].unsqueeze(0)
            current[:, i] = kept_column
            errors[:, i] = error
        weights[:, first:end] = current
        weights[:, end:] -= errors @ upper[first:end, end:]
    return weights


def fista(dense, gram, pattern):
    targets = dense @ gram  # the inputs are the dense ones
    squared_output = ((dense @ gram) * dense).sum()

    def error(weights):
        return ((weights @ gram - 2 * targets).mul_(weights).sum() + squared_output).clamp(min=0).sqrt().item()

    mean = dense.abs().mean().item()
    best = sparsegpt(dense.clone(), gram, pattern)
    lowest = error(best)
    lipschitz = 1.01 * largest_eigenvalue(gram)
    least, most = LEAST, MOST
    for _ in range(ROUNDS):
        penalty = (least * most) ** 0.5
        shrinkage = penalty * mean
        weights, ahead, t = best, best, 1.0
        for _ in range(ITERATIONS):
            moved = torch.addmm(targets, ahead, gram, beta=-1).mul_(-1 / lipschitz).add_(ahead)
            moved = torch.nn.functional.softshrink(moved, shrinkage)
            following = (1 + (1 + 4 * t * t) ** 0.5) / 2
            ahead = torch.lerp(weights, moved, 1 + (t - 1) / following)
            weights, t = moved, following
        before = error(weights)
        rounded = weights.masked_fill(mask_of(weights.abs(), pattern), 0.0)
        after = error(rounded)
        if after - before > THRESHOLD * after:
            least = penalty
        else:
            most = penalty
        if after < lowest:
            best, lowest = rounded, after
    return best


def main(method, pattern, threads, dtype, *maps):
    torch.set_num_threads(int(threads))
    torch.manual_seed(1)
    dtype = getattr(torch, dtype)
    run = {"wanda": wanda, "sparsegpt": sparsegpt, "fista": fista}[method]
    for shape in maps:
        outputs, inputs = map(int, shape.split("x"))
        directions = torch.rand(16, inputs, dtype=dtype) * 2 - 1
        gram = directions.T @ directions
        gram.diagonal().add_(1 + torch.arange(inputs) % 7)
        dense = torch.randn(outputs, inputs, dtype=dtype) / inputs**0.5
        run(dense[:64].clone(), gram, pattern)
        start, cpu = time.perf_counter(), time.process_time()
        run(dense, gram, pattern)
        print(f"{shape} {time.perf_counter() - start:.2f} {time.process_time() - cpu:.2f}", flush=True)


main(*sys.argv[1:])
