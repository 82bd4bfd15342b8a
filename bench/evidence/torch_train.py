"""Trains a variational autoencoder 784-200-200-50 in PyTorch and saves it for likely.

    python3 torch_train.py --data FOLDER --out torch50.safetensors --seconds 600

FOLDER holds the four files of MNIST, whose pixels are drawn as bits afresh in each
pass. ELU between the layers, Bernoulli pixels, Adam, until the time is over. The file
has the format of docs/models.md. One JSON line says what was trained.
"""

import argparse
import gzip
import json
import os
import time

import numpy
import torch
from torch import nn


class Autoencoder(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.encoder = nn.ModuleList([nn.Linear(784, 200), nn.Linear(200, 200)])
        self.mean, self.logvar = nn.Linear(200, latent), nn.Linear(200, latent)
        self.decoder = nn.ModuleList([nn.Linear(latent, 200), nn.Linear(200, 200)])
        self.logits = nn.Linear(200, 784)

    def bound(self, x):
        """Returns the ELBO of each row of x in nats, from one code a row."""
        h = x
        for layer in self.encoder:
            h = nn.functional.elu(layer(h))
        mean, logvar = self.mean(h), self.logvar(h)
        h = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
        for layer in self.decoder:
            h = nn.functional.elu(layer(h))
        likelihood = -nn.functional.binary_cross_entropy_with_logits(self.logits(h), x, reduction="none").sum(1)
        return likelihood - 0.5 * (mean * mean + torch.exp(logvar) - logvar - 1).sum(1)


def pixels(folder, name):
    with gzip.open(os.path.join(folder, name)) as f:
        raw = numpy.frombuffer(f.read(), dtype=numpy.uint8, offset=16)
    return torch.from_numpy(raw.reshape(-1, 784).astype(numpy.float32) / 255)


def write(path, tensors, config):
    """Writes the file that docs/models.md describes."""
    header, data = {"__metadata__": {"config": json.dumps(config)}}, b""
    for name, values in tensors.items():
        raw = numpy.ascontiguousarray(values, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(numpy.shape(values)), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text + data)


def save(model, path, latent):
    tensors = {"transform.shift": numpy.zeros(784), "transform.scale": numpy.ones(784)}
    layers = {"encoder.mean": model.mean, "encoder.logvar": model.logvar, "decoder.mean": model.logits}
    for side in ("encoder", "decoder"):
        for i, layer in enumerate(getattr(model, side)):
            layers[f"{side}.{i}"] = layer
    for name, layer in layers.items():
        tensors[name + ".weight"] = layer.weight.detach().numpy()
        tensors[name + ".bias"] = layer.bias.detach().numpy()
    write(path, tensors, {
        "schema": "likely.model/1", "name": "torch", "family": "vae", "dim": 784, "columns": [f"x{i + 1}" for i in range(784)],
        "measure": "binary", "binarize": "dynamic", "data_seed": "1", "lo": 0, "hi": 255, "height": 28, "width": 28,
        "latent": latent, "hidden": [200, 200], "activation": "elu", "likelihood": "bernoulli", "sigma": "network", "precision": "float32"})


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--latent", type=int, default=50)
    p.add_argument("--seconds", type=float, default=600)
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(a.threads)
    train, test = pixels(a.data, "train-images-idx3-ubyte.gz"), pixels(a.data, "t10k-images-idx3-ubyte.gz")
    model = Autoencoder(a.latent)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    begin, passes = time.monotonic(), 0
    while time.monotonic() - begin < a.seconds:
        share = (time.monotonic() - begin) / a.seconds
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 if share < 0.6 else 2e-4  # the last part settles
        for rows in torch.randperm(len(train)).split(100):
            loss = -model.bound(torch.bernoulli(train[rows])).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        passes += 1
    with torch.no_grad():
        bound = model.bound(torch.bernoulli(test)).mean().item()
    save(model, a.out, a.latent)
    print(json.dumps({"passes": passes, "test_elbo": bound, "torch": torch.__version__}))


main()
