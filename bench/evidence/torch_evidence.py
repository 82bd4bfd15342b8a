"""The importance-sampling estimate of main.go, in PyTorch.

    python3 torch_evidence.py --data FOLDER --rows 100 --samples 5000 --threads 2

draws codes from the encoder of an untrained network 784-200-200-50, evaluates
log p(x|z) + log p(z) − log q(z|x) in the way, and in chunks of the size, that is fastest
on two rows, and prints one JSON line with the codes evaluated per second and the choice.
"""

import argparse
import gzip
import json
import math
import os
import time

import numpy
import torch
from torch import nn


def stack(widths):
    layers = []
    for i, (a, b) in enumerate(zip(widths, widths[1:])):
        layers.append(nn.Linear(a, b))
        if i < len(widths) - 2:
            layers.append(nn.Tanh())
    return nn.Sequential(*layers)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True)
    p.add_argument("--rows", type=int, default=100)
    p.add_argument("--samples", type=int, default=5000)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(a.threads)
    with gzip.open(os.path.join(a.data, "t10k-images-idx3-ubyte.gz")) as f:
        raw = numpy.frombuffer(f.read(), dtype=numpy.uint8, offset=16)
    x = torch.bernoulli(torch.from_numpy(raw.reshape(-1, 784)[: a.rows].astype(numpy.float32) / 255))
    encoder, decoder = stack([784, 200, 200, 100]), stack([50, 200, 200, 784])
    for network in (encoder, decoder):  # a trace holds no tensor that wants a gradient
        network.requires_grad_(False)

    def plain(row, m, s, e):
        z = m + torch.exp(0.5 * s) * e
        logits = decoder(z)
        likelihood = logits @ row - nn.functional.softplus(logits).sum(1)
        # log p(z) − log q(z|x): the constants cancel
        return likelihood + 0.5 * (e * e - z * z).sum(1) + 0.5 * s.sum()

    def cross_entropy(row, m, s, e):
        z = m + torch.exp(0.5 * s) * e
        logits = decoder(z)
        likelihood = -nn.functional.binary_cross_entropy_with_logits(logits, row.expand_as(logits), reduction="none").sum(1)
        return likelihood + 0.5 * (e * e - z * z).sum(1) + 0.5 * s.sum()

    def estimate(terms, row, chunk):
        m, s = encoder(row[None]).chunk(2, 1)
        parts = [terms(row, m, s, torch.randn(min(chunk, a.samples - at), 50)) for at in range(0, a.samples, chunk)]
        logs = torch.cat(parts).double()
        return (torch.logsumexp(logs, 0) - math.log(a.samples)).item()

    def timed(terms, rows, chunk):
        begin = time.perf_counter()
        values = [estimate(terms, row, chunk) for row in rows]
        return time.perf_counter() - begin, values

    with torch.inference_mode():
        example = (x[0], torch.zeros(1, 50), torch.zeros(1, 50), torch.randn(125, 50))
        variants = {"eager": plain, "eager, cross-entropy": cross_entropy, "traced": torch.jit.trace(plain, example, check_trace=False)}
        choices = []
        for name, terms in variants.items():
            timed(terms, x[:1], 1000)  # warms up
            for chunk in (125, 250, 500, 1000, 2500, 5000):
                timed(terms, x[:1], chunk)  # compiles for this shape
                choices.append((timed(terms, x[:2], chunk)[0], name, chunk))
        _, name, chunk = min(choices)
        seconds, values = timed(variants[name], x, chunk)
    print(json.dumps({
        "codes_per_second": a.rows * a.samples / seconds, "threads": a.threads, "variant": name, "chunk": chunk, "wait": os.environ.get("OMP_WAIT_POLICY", ""),
        "torch": torch.__version__, "nats": sum(values) / len(values)}))


main()
