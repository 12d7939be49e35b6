"""What a person reads of an HTML mail or of Slack's markup, as plain text with the links spelled out."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    {"address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3", "h4", "h5", "h6"}
    | {"header", "hr", "li", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul"}
)
_UNREAD = frozenset({"head", "script", "style", "title"})
_SLACK_LINK = re.compile(r"<(?P<target>[^<>|\s]+)(?:\|(?P<label>[^<>]*))?>")


class _Flattener(HTMLParser):
    """Collects the words of a document in reading order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._unread = 0
        self._links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A block begins a new line; what browsers do not show is left out."""
        if tag in _UNREAD:
            self._unread += 1
        elif tag in _BLOCKS:
            self.words.append("\n")
        if tag == "a":
            self._links.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        """A link's address follows its text."""
        if tag in _UNREAD:
            self._unread = max(0, self._unread - 1)
        elif tag in _BLOCKS:
            self.words.append("\n")
        if tag == "a" and self._links and (target := self._links.pop()):
            self.words.append(f" <{target}> ")

    def handle_data(self, data: str) -> None:
        """Text counts as words; white space around it is the markup's."""
        if not self._unread:
            self.words.append(re.sub(r"\s+", " ", data))


def from_html(document: str) -> str:
    """The text of an HTML document, one line per block, each link followed by its address."""
    flattener = _Flattener()
    flattener.feed(document)
    flattener.close()
    return joined("".join(flattener.words).splitlines())


def from_slack(markup: str) -> str:
    """The text of Slack's mrkdwn: `<address|label>` becomes `label <address>`, entities become characters."""

    def spelled(link: re.Match[str]) -> str:
        label = link["label"]
        return f"{label} <{link['target']}>" if label else link["target"]

    return html.unescape(_SLACK_LINK.sub(spelled, markup))


def joined(lines: list[str]) -> str:
    """Lines with their outer white space and the empty ones taken away."""
    stripped = (line.strip() for line in lines)
    return "\n".join(line for line in stripped if line)
