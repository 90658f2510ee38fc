"""The options by which commands are told of a network, and of what it runs on."""

import argparse

_COMPUTE = ("auto", "cpu-fp32", "cpu-bf16", "cpu-int8", "cuda-fp32", "cuda-bf16")
_BACKENDS = ("auto", "torch", "openvino", "onnx")


_MODEL = (
    "the name of a network (see wespe list), a .safetensors file, or a TensorFlow checkpoint of "
    "the DPED authors"
)


def model_option(command: argparse.ArgumentParser, *, required: bool = True) -> None:
    """`--model`, which `wespe.apps.enhancing.networks.network_file` takes."""
    command.add_argument("--model", required=required, metavar="NETWORK", help=_MODEL)


def models_option(command: argparse.ArgumentParser) -> None:
    """`--model` as often as there are networks to apply, one after the other; None for none."""
    command.add_argument(
        "--model",
        action="append",
        metavar="NETWORK",
        help=f"{_MODEL}; given several times, networks are applied one after the other",
    )


def engine_options(command: argparse.ArgumentParser) -> None:
    """`--compute` and `--backend`, which `open_network` of the same module takes."""
    compute_option(command)
    command.add_argument(
        "--backend",
        default="auto",
        choices=_BACKENDS,
        metavar="ENGINE",
        help="the engine: %(choices)s; auto is OpenVINO on a CPU if it can, else "
        "torch (default: %(default)s)",
    )


def compute_option(command: argparse.ArgumentParser) -> None:
    """`--compute`, which `open_network` of the same module takes."""
    command.add_argument(
        "--compute",
        default="auto",
        choices=_COMPUTE,
        metavar="DEVICE",
        help="device and precision: %(choices)s (default: %(default)s)",
    )
