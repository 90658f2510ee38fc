"""Make again the two pictures of the repository that show NASA's portrait of Eileen Collins.

    python tools/portrait.py

The portrait, `astronaut.png` of scikit-image, is in the public domain. It becomes the sample photo
of `wespe serve`, as a JPEG, and the picture of the README: a part of it at 200 %, as it is and
enhanced by `any_camera`.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from skimage import data

import wespe

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "wespe/apps/serving/page/sample.jpg"
PICTURE = ROOT / "docs/images/any_camera.jpg"
PART = (slice(20, 170), slice(140, 340))  # hair, skin and background
ZOOM, GAP_PX, LABEL_PX = 2, 8, 40


def main() -> None:
    """Write both files."""
    portrait = data.astronaut()
    Image.fromarray(portrait).save(SAMPLE, quality=86, optimize=True, progressive=True)
    side_by_side({"Before": portrait, "After": wespe.enhance(portrait)}).save(
        PICTURE, quality=90, optimize=True
    )
    for path in (SAMPLE, PICTURE):
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def side_by_side(photos: dict[str, np.ndarray]) -> Image.Image:
    """The same part of photos, uint8 `(H, W, 3)`, beside each other under their names."""
    height, width = (ZOOM * (part.stop - part.start) for part in PART)
    sheet = Image.new("RGB", (2 * width + GAP_PX, height + LABEL_PX), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(22)
    for number, (name, photo) in enumerate(photos.items()):
        left = number * (width + GAP_PX)
        part = Image.fromarray(photo[PART]).resize((width, height), Image.Resampling.BICUBIC)
        sheet.paste(part, (left, LABEL_PX))
        draw.text((left + width / 2, LABEL_PX / 2), name, fill="black", font=font, anchor="mm")
    return sheet


if __name__ == "__main__":
    main()
