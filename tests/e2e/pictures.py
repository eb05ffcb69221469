"""Pictures of the pages for the documentation: cropped to what matters, and small."""

import base64
import io
from html import escape
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, FloatRect, Locator, Page

MOST_BYTES = 150_000

_MONTAGE = """
<style>
  body {{ margin: 0; padding: 24px; background: #1a1b1f; color: #f2f3f5;
    font: 600 19px/1.4 system-ui, "Noto Sans", sans-serif; display: grid; gap: 22px 24px;
    grid-template-columns: 1fr 1fr; }}
  figure {{ margin: 0; display: grid; grid-template-rows: auto 1fr; gap: 10px; min-width: 0; }}
  figcaption b {{ display: inline-block; width: 1.6em; margin-right: .4em; border-radius: 50%;
    background: #e5a00d; color: #1a1b1f; text-align: center; line-height: 1.6em; }}
  div {{ display: grid; place-items: center; padding: 10px; border: 1px solid #34363d;
    border-radius: 10px; overflow: hidden; }}
  img {{ width: 100%; max-height: 330px; object-fit: contain; }}
</style>{figures}
"""
_FIGURE = """<figure><figcaption><b>{number}</b>{caption}</figcaption>
<div style="background: {ground}"><img src="data:image/png;base64,{data}"></div></figure>"""


class Album:
    """Takes pictures into `folder`; without one it takes none.

    `panel` keeps a picture for the montage, which `montage` puts together.
    """

    def __init__(self, browser: Browser, folder: Path | None) -> None:
        self._browser = browser
        self._folder = folder
        self._panels: list[tuple[str, bytes]] = []
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def whole(self, name: str, page: Page) -> None:
        """A whole page."""
        if self._folder is not None:
            self._keep(name, page.screenshot(full_page=True, animations="disabled"))

    def part(
        self,
        name: str,
        page: Page,
        *shown: Locator,
        caption: str = "",
        pad: tuple[int, int] = (0, 10),
    ) -> None:
        """The smallest part of a page that holds what is `shown`, and `pad` beside and above it.

        With a `caption` it becomes a panel of the montage; without a name, only that.
        """
        if self._folder is None:
            return
        page.mouse.move(0, 0)
        data = page.screenshot(clip=_around(page, shown, pad), animations="disabled")
        if caption:
            self._panels.append((caption, data))
        if name:
            self._keep(name, data)

    def montage(self, name: str) -> None:
        """All panels in one picture, numbered."""
        if self._folder is None:
            return
        context = self._browser.new_context(
            viewport={"width": 1120, "height": 400}, device_scale_factor=1.5
        )
        page = context.new_page()
        figures = [_figure(number, *panel) for number, panel in enumerate(self._panels, 1)]
        page.set_content(_MONTAGE.format(figures="".join(figures)))
        self._keep(name, page.screenshot(full_page=True))
        context.close()

    def _keep(self, name: str, data: bytes) -> None:
        small = _with_few_colours(Image.open(io.BytesIO(data)).convert("RGB"))
        file = self._folder / f"{name}.png"
        small.save(file, optimize=True)
        assert file.stat().st_size < MOST_BYTES, f"{file} is too big for a README"


def _with_few_colours(picture: Image.Image) -> Image.Image:
    """The same with a palette: the commonest colours stay exact, the rest come close."""
    counted = sorted(picture.getcolors(maxcolors=1 << 24) or [], reverse=True)
    exact = [part for _, colour in counted[:160] for part in colour]
    rest = picture.quantize(96, method=Image.Quantize.MEDIANCUT).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*exact, *rest][: 256 * 3])
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


def _figure(number: int, caption: str, data: bytes) -> str:
    red, green, blue = Image.open(io.BytesIO(data)).convert("RGB").getpixel((2, 2))
    return _FIGURE.format(
        number=number,
        caption=escape(caption),
        ground=f"rgb({red}, {green}, {blue})",
        data=base64.b64encode(data).decode(),
    )


def _around(page: Page, shown: tuple[Locator, ...], pad: tuple[int, int]) -> FloatRect:
    boxes = [box for item in shown if (box := item.bounding_box()) is not None]
    left = max(0, min(box["x"] for box in boxes) - pad[0])
    top = max(0, min(box["y"] for box in boxes) - pad[1])
    right = max(box["x"] + box["width"] for box in boxes) + pad[0]
    bottom = max(box["y"] + box["height"] for box in boxes) + pad[1]
    size = page.viewport_size or {"width": 10**6, "height": 10**6}
    right, bottom = min(right, size["width"]), min(bottom, size["height"])
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}
