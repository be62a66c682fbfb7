"""The text of an HTML page → its elements in order, read by the standard library's parser; refused if not balanced."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "hr", "img", "col"}


@dataclass
class Element:
    """An element: its attributes, the one that it lies in, and what lies in it."""

    tag: str
    attributes: dict
    parent: "Element | None"
    children: list = field(default_factory=list)  # elements and texts in order

    @property
    def text(self):
        return "".join(one if isinstance(one, str) else one.text for one in self.children)

    @property
    def elements(self):
        return [one for one in self.children if isinstance(one, Element)]

    @property
    def classes(self):
        return (self.attributes.get("class") or "").split()

    def find(self, tag, **attributes):
        """Every element of a tag within, in order, that has the attributes."""
        return [one for one in self.everything() if one.tag == tag and attributes.items() <= one.attributes.items()]

    def everything(self):
        """Every element within, in order."""
        for child in self.elements:
            yield child
            yield from child.everything()


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = self.place = Element("", {}, None)

    def handle_starttag(self, tag, attributes):
        assert len(dict(attributes)) == len(attributes), f"{tag}: an attribute twice"
        child = Element(tag, dict(attributes), self.place)
        self.place.children.append(child)
        if tag not in VOID:
            self.place = child

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.place = self.place.parent

    def handle_endtag(self, tag):
        assert tag == self.place.tag, f"</{tag}> closes <{self.place.tag}>"
        self.place = self.place.parent

    def handle_data(self, data):
        self.place.children.append(data)


def read(page):
    """The root of a page."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.place is reader.root, f"<{reader.place.tag}> is never closed"
    return reader.root
