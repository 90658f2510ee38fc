"""Examples at the end of each command's help: what people type, and what it does."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "enhance": (
        "wespe enhance photo.jpg                          # writes photo_enhanced.jpg",
        "wespe enhance holiday/ --out enhanced            # all photos and videos of a folder",
        "wespe enhance clip.mp4 --strength 0.5            # half the change",
        "wespe enhance photo.jpg --model phone_dslr       # by another network, see wespe list",
    ),
    "list": (
        "wespe list                                       # each network, and what it is for",
        "wespe list --params configs/own_camera.yaml      # with the networks of these settings",
    ),
    "export": ("wespe export --model any_camera --out any_camera.onnx",),
    "flicker": ("wespe flicker clip.mp4 clip_enhanced.mp4",),
    "compare-videos": ("wespe compare-videos original.mkv bicubic.mkv enlarged.mkv",),
    "serve": (
        "wespe serve                                      # prints the page's address",
        "wespe serve --model phone_dslr --port 8000",
    ),
    "import-dped": ("wespe import-dped iphone_orig --out iphone.safetensors",),
    "init": (
        "wespe init my_camera --photos photos/camera --wish photos/wished",
        "wespe init my_camera --photos photos/camera --wish photos/wished --no-measure",
    ),
    "check": (
        "wespe check                                      # checks params.yaml",
        "wespe check --params configs/own_camera.yaml",
        "wespe check --json                               # all settings and defaults",
    ),
    "plan": (
        "wespe plan                                       # of params.yaml",
        "wespe plan --params configs/paper.yaml --no-measure",
    ),
    "schema": ("wespe schema > params.schema.json",),
    "acquire": ("wespe acquire phone --out data/sources/phone",),
    "patches": (
        "wespe patches phone --index data/sources/phone/index.json --out data/patches/phone.npy",
    ),
    "flickr-remove": ("wespe flickr-remove faves 51234567890",),
    "train": (
        "wespe train phone_dslr --source data/patches/phone.npy --target data/patches/dslr.npy "
        "--out results/demo/pairs/phone_dslr",
    ),
    "models": (
        "wespe models                                     # with metrics, beside the baselines'",
        "wespe models show phone_dslr                     # a model card",
        "wespe models --json --folder results/demo",
    ),
    "evaluate": (
        "wespe evaluate scenes --index data/sources/scenes/index.json "
        "--model results/demo/pairs/phone_dslr/generator.safetensors "
        "--out results/demo/evaluations/scenes",
    ),
    "metrics": ("wespe metrics --out results/demo/metrics.json",),
    "report": (
        "wespe report --out report.html",
        "wespe report --out report.html --partial         # only what has finished",
    ),
    "rater": (
        "wespe rater ffs --index data/sources/faves/index.json --out results/demo/raters/ffs",
    ),
    "rate": (
        "wespe rate scenes --index data/sources/scenes/index.json "
        "--rater results/demo/raters/ffs/rater.safetensors "
        "--model results/demo/pairs/phone_dslr/generator.safetensors "
        "--out results/demo/ratings/scenes",
    ),
    "agree": ("wespe agree brisque --index data/sources/people/index.json",),
    "tables": ("wespe tables --out results/demo/tables",),
    "study": (
        "wespe study build street --set phone=results/demo/evaluations/scenes",
        "wespe study serve street",
        "wespe study report street",
    ),
    "study build": ("wespe study build street --set phone=results/demo/evaluations/scenes",),
    "study serve": ("wespe study serve street",),
    "study export": ("wespe study export street --out votes.csv",),
    "study report": ("wespe study report street",),
    "study withdraw": ("wespe study withdraw street SUBJECT",),
    "dvc": (
        "wespe dvc                                        # after a change of params.yaml",
        "wespe dvc --check",
    ),
    "results": (
        "wespe results                                    # of params.yaml",
        "wespe results --params configs/own_camera.yaml",
    ),
    "record": ("wespe record                                     # after snakemake all",),
    "sync": ("wespe sync                                       # after git clone or checkout",),
}
"""By the command's words behind `wespe`. What follows a # is a comment."""
