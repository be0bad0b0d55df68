"""Images that show their prompt. Pillow is imported at the first one, so that the stand-in starts at once."""

from __future__ import annotations

import hashlib
import io
import textwrap

_MARGIN_PIXELS = 24


def draw_image(prompt: str, *, width: int, height: int, image_format: str, transparent: bool) -> bytes:
    """Draw a prompt on a background whose colours follow from it.

    Args:
        prompt: What to show.
        width: In pixels.
        height: In pixels.
        image_format: `png`, `jpeg` or `webp`.
        transparent: Leave the background out; not for JPEG.
    """
    from PIL import Image, ImageDraw, ImageFont, ImageOps  # noqa: PLC0415

    seed = hashlib.sha256(prompt.encode(errors="replace")).digest()
    dark = (seed[0] // 3, seed[1] // 3, seed[2] // 3)
    light = (seed[3] // 2 + 96, seed[4] // 2 + 96, seed[5] // 2 + 96)
    if transparent:
        picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    else:
        picture = ImageOps.colorize(Image.linear_gradient("L").resize((width, height)), dark, light)
    font_pixels = max(12, min(width, height) // 16)
    columns = max(8, int((width - 2 * _MARGIN_PIXELS) / (font_pixels * 0.6)))
    rows = max(1, int((height - 2 * _MARGIN_PIXELS) / (font_pixels * 1.3)))
    lines = textwrap.wrap(prompt, columns, max_lines=rows, placeholder=" …")
    ImageDraw.Draw(picture).multiline_text(
        (_MARGIN_PIXELS, _MARGIN_PIXELS),
        "\n".join(lines),
        fill=(*light, 255) if transparent else (255, 255, 255),
        font=ImageFont.load_default(font_pixels),
        stroke_width=max(1, font_pixels // 24),
        stroke_fill=(0, 0, 0),
    )
    out = io.BytesIO()
    # Quick rather than small: nobody keeps these.
    quick = {"png": {"compress_level": 1}, "jpeg": {"quality": 85}, "webp": {"quality": 80, "method": 0}}
    picture.save(out, image_format, **quick[image_format])
    return out.getvalue()
