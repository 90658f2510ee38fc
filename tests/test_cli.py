"""Bad input ends with the culprit's name and what was expected, and with nothing half-written."""

import argparse
import importlib.util
import json
import re
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from tests.conftest import ROOT
from tests.made import card
from wespe import __version__, cli
from wespe.cli.examples import EXAMPLES
from wespe.cli.groups import GROUPS
from wespe.cli.parser import Commands
from wespe.core.files import sha256
from wespe.networks.checkpoints import save_generator
from wespe.networks.generator import Generator
from wespe.photos.images import read_photo, write_photo
from wespe.results.record import write_record

SETTINGS = """\
run: {name: tiny, results: results, compute: cpu-fp32, tracking: ""}
sources:
  phone: {kind: folder, path: photos}
  empty: {kind: folder, path: empty}
  gone: {kind: folder, path: gone}
domains: [phone]
patches: {size_px: 32, count: 20}
recipes:
  tiny:
    steps: 2
    batch_size: 2
    generator: {width: 4, blocks: 0}
    content: {extractor: untrained, layer: relu1}
  gone_weights:
    content: {extractor: vgg19, layer: relu1_1, weights: gone.safetensors}
  wrong_weights:
    content: {extractor: vgg19, layer: relu1_1, weights: wrong.safetensors}
  wrong_layer:
    content: {extractor: untrained, layer: relu5_4}
pairs:
  pair: {source: phone, target: phone, recipe: tiny}
  second_seed: {source: phone, target: phone, recipe: tiny, seed: 7}
  gone_weights: {source: phone, target: phone, recipe: gone_weights}
  wrong_weights: {source: phone, target: phone, recipe: wrong_weights}
  wrong_layer: {source: phone, target: phone, recipe: wrong_layer}
evaluations:
  test: {pair: pair, photos: phone, pictures: 1}
"""
TRAIN = ("--source", "phone.npy", "--target", "phone.npy", "--out", "results/pair")
EVALUATE = ("evaluate", "test", "--index", "phone/index.json", "--out", "results/test", "--model")

Call = Callable[..., tuple[int, list[str], list[str]]]


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """`wespe` with arguments in a folder of its own: exit code, and the lines on both streams."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(SETTINGS)

    def run(*arguments: str) -> tuple[int, list[str], list[str]]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        printed = capsys.readouterr()
        code = caught.value.code or 0
        assert isinstance(code, int)
        return code, printed.out.splitlines(), printed.err.splitlines()

    return run


@pytest.fixture
def photos() -> None:
    """Three photos in `photos/`, one of which is broken."""
    for number in range(3):
        pixels = np.random.default_rng(number).integers(256, size=(120, 140, 3), dtype=np.uint8)
        write_photo(Path(f"photos/{number}.jpg"), pixels)
    broken = Path("photos/1.jpg")
    broken.write_bytes(broken.read_bytes()[:2000])


@pytest.fixture
def prepared(call: Call, photos: None) -> None:
    """The photos' index and patches, and a network."""
    assert call("acquire", "phone", "--out", "phone")[0] == 0
    assert call("patches", "phone", "--index", "phone/index.json", "--out", "phone.npy")[0] == 0
    network()


def network(path: str = "network.safetensors") -> None:
    torch.manual_seed(0)
    save_generator(Path(path), Generator(width=4, blocks=1))


def files() -> list[str]:
    return sorted(str(path) for path in Path().rglob("*"))


def refused(call: Call, *arguments: str) -> list[str]:
    """The messages of a refusal, without the command's name; it leaves no file."""
    before = files()
    code, _, messages = call(*arguments)
    assert code == 1
    assert files() == before
    prefix = f"wespe {arguments[0]}: "
    assert all(message.startswith(prefix) for message in messages), messages
    return [message.removeprefix(prefix) for message in messages]


def test_a_broken_photo_is_left_out_and_listed(call: Call, photos: None) -> None:
    code, messages, _ = call("acquire", "phone", "--out", "phone")
    assert code == 0
    assert messages[0] == "phone: 2 photos, 1 left out"
    assert messages[1].startswith("  left out: 1.jpg: unreadable: cannot be decoded: ")
    index = json.loads(Path("phone/index.json").read_text())
    assert [photo["file"] for photo in index["photos"]] == ["0.jpg", "2.jpg"]
    assert [photo["file"] for photo in index["skipped"]] == ["1.jpg"]


def test_a_licence_of_the_settings_goes_before_what_a_source_knows(call: Call) -> None:
    demo = f"{{kind: demo, path: {ROOT}/data/demo.csv, role: phone, licence: ours}}"
    Path("params.yaml").write_text(SETTINGS.replace("{kind: folder, path: gone}", demo))
    assert call("acquire", "gone", "--out", "phone")[0] == 0
    assert json.loads(Path("phone/index.json").read_text())["licence"] == "ours"


def test_photos_that_stand_in_for_others_are_marked_as_such(call: Call, photos: None) -> None:
    marked = SETTINGS.replace("path: photos}", "path: photos, simulated: true}")
    Path("params.yaml").write_text(marked)
    assert call("acquire", "phone", "--out", "phone")[0] == 0
    assert json.loads(Path("phone/index.json").read_text())["simulated"] is True


def test_folders_without_photos_are_refused(call: Call, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no photo")
    assert refused(call, "acquire", "empty", "--out", "out") == [
        "source empty: expected usable photos in empty, got 0 photo files"
    ]
    assert refused(call, "acquire", "gone", "--out", "out") == [
        "source gone: expected a folder of photos at gone, got none"
    ]
    network()
    code, printed, _ = call("enhance", "--model", "network.safetensors", "empty")
    assert code == 1
    assert printed[0].startswith("failed: empty: expected photos (.avif, .bmp, .heic, ")
    assert printed[-1] == "0 enhanced, 0 already done, 1 failed, 1 other file ignored"


def test_wrong_settings_and_names_are_refused(call: Call) -> None:
    assert refused(call, "acquire", "fone", "--out", "out") == [
        "expected a source of the settings (phone, empty, gone), got 'fone'; did you mean gone?"
    ]
    Path("params.yaml").write_text(
        SETTINGS.replace("steps: 2", "steps: 0").replace("count", "cuont")
    )
    assert refused(call, "acquire", "phone", "--out", "out") == [
        "params.yaml: patches.cuont is not a setting; did you mean count?",
        "params.yaml: recipes.tiny.steps must be at least 1, got 0",
    ]
    assert refused(call, "check", "--params", "gone.yaml") == [
        "gone.yaml: no such settings file; wespe init writes one"
    ]


def test_check_prints_all_settings_with_their_defaults(call: Call) -> None:
    code, printed, _ = call("check", "--json", "--params", str(ROOT / "params.yaml"))
    assert code == 0
    settings = json.loads("\n".join(printed))
    written = yaml.safe_load((ROOT / "params.yaml").read_text())["recipes"]["demo"]
    printed_recipe = settings["recipes"]["demo"]
    assert printed_recipe["steps"] == written["steps"]
    assert "blocks" not in written["generator"]
    assert printed_recipe["generator"]["blocks"] == 4


def test_the_schema_is_what_editors_are_given(call: Call) -> None:
    code, printed, _ = call("schema")
    assert code == 0
    shipped = (ROOT / "docs" / "params.schema.json").read_text("utf-8")
    assert "\n".join(printed) + "\n" == shipped


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("enhence",), "invalid choice: 'enhence'; did you mean enhance?"),
        ((), "expected a command; `wespe --help` lists them"),
        (
            ("enhance", "a.jpg", "--strength", "high"),
            "argument --strength: expected a number, got 'high'",
        ),
        (("quite_another",), "invalid choice: 'quite_another' (choose from "),
        (("enhance", "a.jpg", "--modle", "x"), "--modle x; did you mean --model?"),
        (("enhance", "a.jpg", "--zzz"), "unrecognized arguments: --zzz"),
        (("export", "--modle=x", "--out", "y"), "are required: --model; did you mean --model?"),
        (("study", "serv"), "invalid choice: 'serv'; did you mean serve?"),
        (("enhance", "a.jpg", "--backend", "opnvino"), "did you mean openvino?"),
        (("acquire", "phone"), "the following arguments are required: --out"),
    ],
)
def test_a_wrong_command_line_shows_the_usage(
    call: Call, arguments: Iterable[str], message: str
) -> None:
    code, _, messages = call(*arguments)
    assert code == 2
    assert messages[0].startswith("usage: wespe")
    assert message in messages[-1]


def test_the_help_has_every_command_once_by_its_purpose(call: Call) -> None:
    code, printed, _ = call("--help")
    assert code == 0
    listed = [line.split()[0] for line in printed if re.match(r"  [a-z][\w-]+  ", line)]
    assert len(listed) == len(set(listed))
    commands = Commands(argparse.ArgumentParser())
    for group in GROUPS:
        group.add(commands)
    assert {*commands.names} == {*listed}
    assert [line for line in printed if line in {"enhance:", "train:", "judge:", "pipeline:"}]


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_examples_of_the_help_are_commands(call: Call, name: str) -> None:
    code, printed, _ = call(*name.split(), "--help")
    assert code == 0
    for line in EXAMPLES[name]:
        assert f"  {line}" in printed
        words = shlex.split(line.partition(">")[0], comments=True)
        assert words[: 1 + len(name.split())] == ["wespe", *name.split()]
        cli.make_parser().parse_args(words[1:])


def test_every_command_has_examples() -> None:
    commands = Commands(argparse.ArgumentParser())
    for group in GROUPS:
        group.add(commands)
    assert {*commands.names} <= EXAMPLES.keys()


def test_help_and_version(call: Call) -> None:
    assert call("--version") == (0, [__version__], [])
    code, printed, _ = call("--help")
    assert code == 0
    for command in ("acquire", "patches", "train", "evaluate", "report", "enhance", "record"):
        assert any(line.split()[:1] == [command] for line in printed)
        code, described, _ = call(command, "--help")
        assert code == 0
        assert described[0].startswith(f"usage: wespe {command}")


def test_photos_that_are_gone_since_the_index_was_made_are_counted(
    call: Call, prepared: None
) -> None:
    Path("photos/2.jpg").unlink()
    code, messages, _ = call("patches", "phone", "--index", "phone/index.json", "--out", "b.npy")
    assert code == 0
    assert "0 too small and 1 unreadable photo" in messages[0]
    assert messages[1].endswith(": no such file")
    assert refused(call, "patches", "phone", "--index", "gone.json", "--out", "b.npy") == [
        "gone.json: expected a photo index, found none"
    ]


@pytest.mark.slow
def test_a_training_that_cannot_begin_is_refused(call: Call, prepared: None) -> None:
    save_file({"classifier.weight": torch.zeros(3)}, "wrong.safetensors")
    assert refused(call, "train", "fone_dslr", *TRAIN) == [
        "expected a pair of the settings (pair, second_seed, gone_weights, wrong_weights, "
        "wrong_layer), got 'fone_dslr'"
    ]
    assert refused(call, "train", "gone_weights", *TRAIN) == [
        "gone.safetensors: no such weights file"
    ]
    assert refused(call, "train", "wrong_weights", *TRAIN) == [
        "wrong.safetensors: expected features.0.weight of shape (64, 3, 3, 3), got nothing: "
        "another network?"
    ]
    assert refused(call, "train", "wrong_layer", *TRAIN) == [
        "untrained has no layer 'relu5_4'; it has relu1, relu2, relu3, relu4"
    ]
    [message] = refused(call, "train", "pair", "--source", "gone.npy", *TRAIN[2:])
    assert message.startswith("gone.npy: expected a patch set, got ")
    Path("half.npy").write_bytes(Path("phone.npy").read_bytes()[:5000])
    [message] = refused(call, "train", "pair", "--source", "half.npy", *TRAIN[2:])
    assert message.startswith("half.npy: expected a patch set, got ")


@pytest.mark.slow
def test_a_pair_may_have_a_seed_of_its_own(call: Call, prepared: None) -> None:
    for name, seed in (("pair", 0), ("second_seed", 7)):
        assert call("train", name, *TRAIN[:4], "--out", name)[0] == 0
        assert json.loads(Path(name, "generator.json").read_text())["seed"] == seed
    assert sha256(Path("pair/generator.safetensors")) != sha256(
        Path("second_seed/generator.safetensors")
    )


def test_results_that_cannot_be_written_are_refused(call: Call, prepared: None) -> None:
    Path("file").write_text("expected a folder, got a file")
    assert refused(call, "acquire", "phone", "--out", "file") == [
        "file: expected a folder, got a file"
    ]
    for arguments in (
        ("acquire", "phone", "--out", "file/phone"),
        ("patches", "phone", "--index", "phone/index.json", "--out", "file/phone.npy"),
        (*EVALUATE[:4], "--out", "file/test", "--model", "network.safetensors"),
    ):
        network_card()
        [message] = refused(call, *arguments)
        assert message == "file: Not a directory" or message == "file: File exists"
    assert Path("file").read_text() == "expected a folder, got a file"


def network_card() -> None:
    write_record(Path("network.json"), card(sha256=sha256(Path("network.safetensors"))))


def truncate() -> None:
    content = Path("network.safetensors").read_bytes()
    Path("bad.safetensors").write_bytes(content[: len(content) // 2])


def mix() -> None:
    """A header that says width 4, and weights of width 8."""
    save_generator(Path("wide.safetensors"), Generator(width=8, blocks=1))
    with safe_open("network.safetensors", "pt") as file:
        header = file.metadata()
    save_file(load_file("wide.safetensors"), "bad.safetensors", header)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda: None, "bad.safetensors: no such network"),
        (truncate, "bad.safetensors: expected a .safetensors network, got "),
        (Path("bad.safetensors").touch, "bad.safetensors: expected a .safetensors network, got "),
        (mix, "bad.safetensors: weights and architecture do not agree: "),
        (
            lambda: save_file({"weight": torch.zeros(3)}, "bad.safetensors"),
            "bad.safetensors: expected a network of format wespe-generator/1, got "
            "a safetensors file of another origin",
        ),
    ],
    ids=["missing", "truncated", "empty", "other architecture", "other origin"],
)
def test_what_is_no_network_is_refused(
    call: Call, prepared: None, damage: Callable[[], object], expected: str
) -> None:
    damage()
    for arguments in (
        ("enhance", "photos/0.jpg", "--model", "bad.safetensors"),
        (*EVALUATE, "bad.safetensors"),
    ):
        [message] = refused(call, *arguments)
        assert message.startswith(expected)


def test_a_network_without_its_card_is_not_evaluated(call: Call, prepared: None) -> None:
    assert refused(call, *EVALUATE, "network.safetensors") == [
        "network.json: expected a model card, found none"
    ]
    Path("network.json").write_text('{"pair": "pair"}')
    [message] = refused(call, *EVALUATE, "network.safetensors")
    assert message.startswith("network.json: expected a model card, but code_version: ")
    network_card()
    save_generator(Path("network.safetensors"), Generator(width=4, blocks=0))
    [message] = refused(call, *EVALUATE, "network.safetensors")
    assert message.startswith("network.json: expected the card of network.safetensors ")


def test_networks_are_evaluated_in_fp32_whatever_trains_them(call: Call, prepared: None) -> None:
    network_card()
    settings = SETTINGS.replace("cpu-fp32", "cpu-bf16")
    Path("params.yaml").write_text(settings.replace("pictures: 1", "pictures: 1, baselines: []"))
    assert call(*EVALUATE, "network.safetensors")[0] == 0
    engine = json.loads(Path("results/test/summary.json").read_text())["engine"]
    assert engine.endswith("-cpu-fp32")


def test_a_photo_that_cannot_be_enhanced_does_not_stop_the_others(
    call: Call, prepared: None
) -> None:
    code, printed, _ = call(
        *("enhance", "photos", "gone.jpg", "--model", "network.safetensors", "--out", "out")
    )
    assert code == 1
    assert printed[-1].startswith("2 enhanced, 0 already done, 2 failed; 0.0 MP in ")
    assert printed[-2] == "failed: gone.jpg: no such file"
    assert printed[1].startswith("2/4 photos/1.jpg: failed, cannot be decoded: ")
    assert printed[3] == "4/4 gone.jpg: failed, no such file"
    assert [path.name for path in sorted(Path("out").glob("[!.]*"))] == ["0.jpg", "2.jpg"]
    assert read_photo(Path("out/0.jpg")).pixels.shape == (120, 140, 3)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--strength", "2"), "strength must be from 0 to 1, got 2.0"),
        (("--quality", "500"), "quality must be from 1 to 100, got 500"),
        (("--out", "file"), "file: expected a folder for the results, got a file"),
    ],
)
def test_wrong_options_of_enhance_are_refused(
    call: Call, prepared: None, option: tuple[str, str], message: str
) -> None:
    Path("file").write_text("expected a folder, got a file")
    arguments = ("enhance", "photos/0.jpg", "--model", "network.safetensors", *option)
    assert refused(call, *arguments) == [message]


@pytest.mark.slow
def test_a_network_is_found_by_the_name_of_its_pair(call: Call, prepared: None) -> None:
    [message] = refused(call, "enhance", "photos/0.jpg", "--model", "pair")
    assert message == (
        "pair: no such file, no network that comes with wespe, nor one in the results of "
        "params.yaml (any_camera, larger, larger_video)"
    )
    folder = Path("results/pairs/pair")
    folder.mkdir(parents=True)
    network(str(folder / "generator.safetensors"))
    digest = sha256(folder / "generator.safetensors")
    write_record(folder / "generator.json", card(sha256=digest))
    for model in ("pair", str(folder)):
        code, printed, _ = call("enhance", "photos/0.jpg", "--model", model, "--out", "out")
        assert (code, len(printed)) == (0, 2)
    assert printed[0] == "1/1 photos/0.jpg: skipped, out/0.jpg is up to date"
    [message] = refused(call, "enhance", "photos/0.jpg", "--model", "x", "--params", "gone.yaml")
    assert message == (
        "x: no such file, no network that comes with wespe, and no gone.yaml that names a folder "
        "of networks (any_camera, larger, larger_video)"
    )


def test_a_quoted_pattern_and_originals_that_are_replaced(call: Call, prepared: None) -> None:
    before = Path("photos/0.jpg").read_bytes()
    code, printed, _ = call(
        *("enhance", "photos/[02].jp*", "--model", "network.safetensors", "--in-place")
    )
    assert code == 0
    assert printed[-1].startswith("2 enhanced, 0 already done, 0 failed; ")
    assert Path("photos/0.jpg").read_bytes() != before
    assert sorted(path.name for path in Path("photos").glob("[!.]*")) == ["0.jpg", "1.jpg", "2.jpg"]


@pytest.mark.parametrize("backend", ["torch", "onnx", "openvino"])
def test_engines_of_enhance(call: Call, prepared: None, backend: str) -> None:
    engine = {"onnx": "onnxruntime"}.get(backend, backend)
    if importlib.util.find_spec(engine) is None:
        pytest.skip(f"{engine} is not installed")
    arguments = ("enhance", "photos/0.jpg", "--model", "network.safetensors", "--out", "out")
    code, printed, _ = call(*arguments, "--backend", backend)
    assert code == 0
    assert printed[-1].startswith("1 enhanced, ")


def test_a_study_enhances_photos_by_a_network_that_has_no_card(call: Call) -> None:
    network("results/pairs/pair/generator.safetensors")
    for number in range(2):
        write_photo(Path(f"shown/{number}.png"), np.full((60, 40, 3), 90 * number, np.uint8))
    arguments = ("study", "build", "asked", "--set", "a=shown", "--photos", "1", "--practice", "0")
    model = ("--model", "results/pairs/pair")
    [message] = refused(call, *arguments, *model, "--against", "transport")
    assert message.startswith("the model card has nothing for the baseline")
    [message] = refused(call, *arguments)
    assert message == "shown: expected an evaluation's folder, or --model to enhance it"
    code, printed, _ = call(*arguments, *model)
    assert (code, printed[0]) == (0, "asked: 1 set, trials: 0 practice, 2 main, 2 catch")
    study = json.loads(Path("asked/study.json").read_text())
    assert study["networks"] == {"a": sha256(Path("results/pairs/pair/generator.safetensors"))}


@pytest.mark.slow
def test_export_writes_a_checked_network(call: Call, prepared: None) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    arguments = ("export", "--model", "network.safetensors", "--out", "network.onnx")
    code, printed, _ = call(*arguments)
    assert code == 0
    assert printed[0].startswith("network.onnx: differs from torch by at most ")
    [message] = refused(call, *arguments[:-1], "other.onnx", "--tolerance", "-1")
    assert message.startswith("other.onnx: expected to differ from torch by at most -1, got ")


def test_the_page_of_what_has_not_run_is_refused(call: Call) -> None:
    [message] = refused(call, "report", "--out", "report.html")
    assert message == "results/pairs/pair/generator.json: expected a model card, found none"


def test_versions_are_kept_of_params_yaml_only(call: Call) -> None:
    Path("other.yaml").write_text(SETTINGS)
    for command in ("record", "sync"):
        assert refused(call, command, "--params", "other.yaml") == [
            "DVC keeps versions of params.yaml only, got other.yaml"
        ]
