"""The training scripts with networks as small as their options allow."""

import importlib
from pathlib import Path

SMALL = {
    "train_rnn": {"batch": 2, "length": 64, "hidden": 16, "eval_plays": 1},
    "train_keys": {"batch": 2, "length": 24, "hidden": 16, "eval_plays": 1},
    "train_diffusion": {"batch": 2, "length": 64, "reference": 64, "width": 24, "eval_plays": 1},
    "train_gan": {"batch": 2, "length": 64, "width": 16, "eval_plays": 2},  # of one song
    "train_vae": {"batch": 2, "length": 64, "width": 16, "eval_plays": 1},
    "train_wgan": {"batch": 2, "length": 64, "width": 16, "eval_plays": 1, "critic_steps": 2},
}


def args_of(name: str, cache: Path, out: Path, **changes):
    script = importlib.import_module(name)
    return script, script.Args(
        data="",
        cache=str(cache),
        out=str(out),
        device="cpu",
        **SMALL[name] | {"pictures": False} | changes,
    )
