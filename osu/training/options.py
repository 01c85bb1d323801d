"""The options of a training script: one frozen dataclass, read off the command line.

Where there is no GPU a script trains its small form, so that it ends in about ten minutes on two
cores: each field whose `option` names a `small` value then takes that one, unless it was given.
"""

import argparse
import dataclasses
import sys
import types
import typing
from pathlib import Path

import torch

from osu.errors import run_program


def option(default, help: str, small=None):
    """A field of a script's Args: its default, the line `--help` shows, with the unit, and its
    value in the small form, where that is another one."""
    return dataclasses.field(default=default, metadata={"help": help, "small": small})


def launch(main, args_class) -> None:
    """Runs a training script; how it ends is osu.errors.run_program's."""
    args, smaller = cli(args_class)
    if smaller:
        print(smaller)
    raise SystemExit(run_program(Path(sys.argv[0]).name, lambda: main(args)))


def cli(args_class, argv: list[str] | None = None):
    """An Args built from the command line, and a line about the small form where it is that one's.

    Field `batch_size` is `--batch-size`; an unknown flag exits with status 2.
    """
    parser = argparse.ArgumentParser(
        description=sys.modules[args_class.__module__].__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,  # what is not given is not there
    )
    hints = typing.get_type_hints(args_class)
    for field in dataclasses.fields(args_class):
        kind = hints[field.name]
        if isinstance(kind, types.UnionType):  # `str | None`
            kind = typing.get_args(kind)[0]
        flag = "--" + field.name.replace("_", "-")
        small = field.metadata["small"]
        small = "" if small is None else f"; without a GPU {small}"
        text = f"{field.metadata['help']} (default: {field.default}{small})".replace("%", "%%")
        if kind is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, help=text)
        else:
            choices = typing.get_args(kind) if typing.get_origin(kind) is typing.Literal else None
            parser.add_argument(flag, type=str if choices else kind, choices=choices, help=text)
    given = vars(parser.parse_args(argv))
    return fitted(args_class(**given), given)


def fitted(args, given: typing.Container[str]):
    """The Args for the device they are for, and a line that says what is smaller, or ''.

    The small form keeps the fields `given`. It is not taken with --full, nor where training starts
    from another model's weights, whose sizes are those of the full form.
    """
    on_gpu = torch.cuda.is_available() if args.device == "auto" else args.device != "cpu"
    shipped = any(getattr(args, name, "") for name in ("init", "against", "me"))
    if on_gpu or args.full or shipped:
        return args, ""
    changes, words = {}, []
    for field in dataclasses.fields(args):
        small = field.metadata["small"]
        if small is not None and field.name not in given:
            changes[field.name] = small
            words.append(f"{field.name.replace('_', '-')} {small} for {field.default}")
    line = f"no GPU: the small form ({', '.join(words)}). Options win; --full for the full one"
    return dataclasses.replace(args, **changes), line
