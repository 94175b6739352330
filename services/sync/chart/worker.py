"""The drawing process: a specification comes in, a picture goes out."""

import os
import sys
from pathlib import Path

import orjson

PNG_SCALE = 2.0


def picture(specification: bytes, form: str) -> bytes:
    """The specification as SVG or PNG."""
    import font_lato  # noqa: PLC0415 - only the drawing process has it
    import vl_convert  # noqa: PLC0415 - as above

    vl_convert.register_font_directory(str(Path(font_lato.__file__).parent / "files"))
    chart = orjson.loads(specification)
    if form == "png":
        png: bytes = vl_convert.vegalite_to_png(chart, scale=PNG_SCALE)
        return png
    svg: str = vl_convert.vegalite_to_svg(chart)
    return svg.encode()


def main() -> None:
    """Draw what the input holds."""
    if hasattr(os, "nice"):
        # A chart may take a little longer; an event may not.
        os.nice(5)
    output = os.fdopen(os.dup(1), "wb")
    # What a library prints must not get into the picture.
    os.dup2(2, 1)
    with output:
        output.write(picture(sys.stdin.buffer.read(), sys.argv[1]))


if __name__ == "__main__":
    main()
