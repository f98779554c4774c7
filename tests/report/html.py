"""Pages as the tests read them."""

import re
from xml.etree.ElementTree import Element

import tinyhtml5


def parsed(html: str) -> Element:
    """Return the tree, the pixels left out: they are most of the page."""
    return tinyhtml5.parse(
        re.sub(r"(data:image/[a-z+]+);base64,[A-Za-z0-9+/=]+", r"\1", html), namespace_html_elements=False
    )


def text_of(html: str) -> str:
    """Return the text a reader sees, style sheets apart."""
    root = parsed(html)
    return " ".join(
        part
        for element in root.iter()
        if element.tag not in ("style", "script")
        for part in (element.text, element.tail)
        if part
    )
