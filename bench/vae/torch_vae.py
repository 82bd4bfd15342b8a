"""The same training as main.go, in PyTorch: the other side of the comparison.

A VAE 784-H-H-50 with tanh and Bernoulli pixels, trained by Adam on fresh
binarisations of the images. Prints one JSON line per epoch, and one at the end
with the examples per second of the steps alone.

    python3 torch_vae.py --data FOLDER --hidden 200 --batch 20 --rows 10000 --epochs 2
"""

import argparse
import gzip
import json
import os
import time

import numpy
import torch
from torch import nn


def images(folder, rows):
    with gzip.open(os.path.join(folder, "train-images-idx3-ubyte.gz")) as f:
        raw = numpy.frombuffer(f.read(), dtype=numpy.uint8, offset=16)
    return torch.from_numpy(raw.reshape(-1, 784)[:rows].astype(numpy.float32) / 255)


def stack(widths):
    layers = []
    for i, (a, b) in enumerate(zip(widths, widths[1:])):
        layer = nn.Linear(a, b)
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
        layers.append(layer)
        if i < len(widths) - 2:
            layers.append(nn.Tanh())
    return nn.Sequential(*layers)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True)
    p.add_argument("--hidden", type=int, default=200)
    p.add_argument("--latent", type=int, default=50)
    p.add_argument("--batch", type=int, default=20)
    p.add_argument("--rows", type=int, default=10000)
    p.add_argument("--epochs", type=int, default=1)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)

    x = images(a.data, a.rows)
    encoder = stack([784, a.hidden, a.hidden, 2 * a.latent])
    decoder = stack([a.latent, a.hidden, a.hidden, 784])
    with torch.no_grad():
        encoder[-1].weight[a.latent:] = 0
        mean = x.mean(0).clamp(0.001, 0.999)
        decoder[-1].bias.copy_(torch.log(mean / (1 - mean)))
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)

    seconds, examples = 0.0, 0
    for epoch in range(a.epochs):
        total = 0.0
        begin = time.perf_counter()
        order = torch.randperm(a.rows)
        for at in range(0, a.rows, a.batch):
            b = torch.bernoulli(x[order[at : at + a.batch]])
            m, s = encoder(b).chunk(2, 1)
            z = m + torch.exp(0.5 * s) * torch.randn_like(m)
            lik = -nn.functional.binary_cross_entropy_with_logits(decoder(z), b, reduction="sum")
            kl = 0.5 * (torch.exp(s) - 1 - s + m * m).sum()
            loss = (kl - lik) / len(b)
            adam.zero_grad(set_to_none=True)
            loss.backward()
            adam.step()
            total -= loss.item() * len(b)
        seconds += time.perf_counter() - begin
        examples += a.rows
        print(json.dumps({"epoch": epoch + 1, "train_nats": total / a.rows}), flush=True)
    print(json.dumps({"examples_per_second": examples / seconds, "torch": torch.__version__}))


main()
