"""What Slack accepts as a message and what a person then reads of it: attachments and Block Kit, with their limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.sinks.plain_text import from_slack, joined

MOST_ATTACHMENTS = 100
MOST_BLOCKS = 50
LONGEST_TEXT = 40_000  # longer text is truncated
_CROWDED = 20  # more attachments than this are advised against
_SHOWN_ACTIONS = 5  # an attachment shows no more
_STYLES = frozenset({"", "default", "primary", "danger"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """The status and the word Slack refuses a message with, and why."""

    status: int
    word: str
    why: str


def refusal(message: Mapping[str, Any]) -> Refusal | None:
    """Why Slack would not take this message, or None."""
    attachments, blocks = message.get("attachments") or [], message.get("blocks") or []
    if not _objects(attachments):
        return Refusal(400, "invalid_attachments", "attachments must be an array of objects")
    if len(attachments) > MOST_ATTACHMENTS:
        return Refusal(400, "too_many_attachments", f"{len(attachments)} attachments, at most {MOST_ATTACHMENTS}")
    for index, attachment in enumerate(attachments):
        if not all(_objects(attachment.get(part) or []) for part in ("fields", "actions")):
            return Refusal(
                400, "invalid_attachments", f"attachments[{index}]: fields and actions must be arrays of objects"
            )
    if not isinstance(message.get("text", ""), str | None):
        return Refusal(400, "invalid_payload", "text must be a string")
    for place, listed in [
        ("blocks", blocks),
        *((f"attachments[{i}].blocks", a.get("blocks") or []) for i, a in enumerate(attachments)),
    ]:
        for why in block_problems(listed):
            return Refusal(400, "invalid_blocks", f"{place}: {why}")
    if not (message.get("text") or attachments or blocks):
        return Refusal(400, "no_text", "neither text nor attachments nor blocks")
    if not reading(message):
        return Refusal(400, "no_text", "the attachments hold nothing a person could read")
    return None


def advice(message: Mapping[str, Any]) -> Iterator[str]:
    """What Slack takes but does not show as meant."""
    attachments = message.get("attachments") or []
    if len(message.get("text") or "") > LONGEST_TEXT:
        yield f"text longer than {LONGEST_TEXT} characters is truncated"
    if len(attachments) > _CROWDED:
        yield f"{len(attachments)} attachments; Slack advises against more than {_CROWDED}"
    for index, attachment in enumerate(attachments):
        actions = attachment.get("actions") or []
        if len(actions) > _SHOWN_ACTIONS:
            yield f"attachments[{index}]: {len(actions)} actions, {_SHOWN_ACTIONS} are shown"
        for action in actions:
            if not action.get("text") or not (action.get("url") or action.get("name")):
                yield f"attachments[{index}]: an action without a text, or with neither url nor name"
            if action.get("style", "") not in _STYLES:
                yield f"attachments[{index}]: unknown action style {action['style']!r}"
        if not attachment.get("fallback"):
            yield f"attachments[{index}]: no fallback; desktop notifications show none of it"


def heading(message: Mapping[str, Any]) -> str:
    """The line that stands out: the first attachment's title, a header block, or the first line of the text."""
    for attachment in message.get("attachments") or []:
        if attachment.get("title"):
            return from_slack(str(attachment["title"]))
    for block in _all_blocks(message):
        if block.get("type") == "header":
            return str(block["text"]["text"])
    return reading(message).partition("\n")[0]


def reading(message: Mapping[str, Any]) -> str:
    """Everything a person reads of the message, in its order on the screen."""
    lines = [_shown(message.get("text"))]
    for block in message.get("blocks") or []:
        lines += _block_lines(block)
    for attachment in message.get("attachments") or []:
        lines += _attachment_lines(attachment)
    return joined([line for text in lines for line in text.splitlines()])


def _shown(markup: Any, target: Any = None) -> str:
    """Markup as it is read, with the address it leads to behind it."""
    text = from_slack(str(markup or ""))
    return f"{text} <{target}>" if target else text


def _attachment_lines(attachment: Mapping[str, Any]) -> list[str]:
    lines = [_shown(attachment.get(part)) for part in ("pretext", "author_name")]
    lines += [_shown(attachment.get("title"), attachment.get("title_link")), _shown(attachment.get("text"))]
    for entry in attachment.get("fields") or []:
        lines.append(f"{_shown(entry.get('title'))}: {_shown(entry.get('value'))}".strip(": "))
    for block in attachment.get("blocks") or []:
        lines += _block_lines(block)
    lines += [_shown(action.get("text"), action.get("url")) for action in attachment.get("actions") or []]
    return [*lines, _shown(attachment.get("footer"))]


def _block_lines(block: Mapping[str, Any]) -> list[str]:
    """Every `text` below a block, with the address of a button behind its label."""
    text = block.get("text")
    if isinstance(text, Mapping):
        text = text.get("text")
    lines = [_shown(text, block.get("url"))] if text else []
    for part in ("fields", "elements"):
        lines += [line for element in block.get(part) or [] for line in _block_lines(element)]
    if isinstance(block.get("accessory"), Mapping):
        lines += _block_lines(block["accessory"])
    return lines


def _all_blocks(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        *(message.get("blocks") or []),
        *(b for a in message.get("attachments") or [] for b in a.get("blocks") or []),
    ]


def block_problems(blocks: Any) -> Iterator[str]:
    """What is wrong with a list of blocks."""
    if not _objects(blocks):
        yield "must be an array of objects"
        return
    if len(blocks) > MOST_BLOCKS:
        yield f"{len(blocks)} blocks, at most {MOST_BLOCKS}"
    for index, block in enumerate(blocks):
        kind = block.get("type")
        rules = _BLOCKS.get(kind) if isinstance(kind, str) else None
        if rules is None:
            yield f"[{index}] has no known type: {kind!r}"
            continue
        for why in rules(block):
            yield f"[{index}] {kind}: {why}"


def _text(value: Any, longest: int, kinds: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(value, Mapping) or value.get("type") not in kinds or not isinstance(value.get("text"), str):
        yield f"needs a text object of type {' or '.join(kinds)}"
    elif not 1 <= len(value["text"]) <= longest:
        yield f"text of {len(value['text'])} characters, from 1 to {longest} are allowed"


def _header(block: Mapping[str, Any]) -> Iterator[str]:
    yield from _text(block.get("text"), 150, ("plain_text",))


def _section(block: Mapping[str, Any]) -> Iterator[str]:
    fields = block.get("fields")
    if fields is None or "text" in block:
        yield from _text(block.get("text"), 3000, ("plain_text", "mrkdwn"))
    if fields is not None:
        yield from _listed(fields, "fields", 10)
        for entry in fields if isinstance(fields, list) else []:
            yield from _text(entry, 2000, ("plain_text", "mrkdwn"))


def _context(block: Mapping[str, Any]) -> Iterator[str]:
    yield from _listed(block.get("elements"), "elements", 10)


def _actions(block: Mapping[str, Any]) -> Iterator[str]:
    yield from _listed(block.get("elements"), "elements", 25)


def _image(block: Mapping[str, Any]) -> Iterator[str]:
    if not block.get("alt_text"):
        yield "needs alt_text"
    if not (block.get("image_url") or block.get("slack_file")):
        yield "needs image_url or slack_file"


def _rich_text(block: Mapping[str, Any]) -> Iterator[str]:
    yield from _listed(block.get("elements"), "elements", 1000)


def _listed(value: Any, name: str, most: int) -> Iterator[str]:
    if not _objects(value) or not 1 <= len(value) <= most:
        yield f"{name} must be an array of 1 to {most} objects"


def _anything(_: Mapping[str, Any]) -> Iterator[str]:
    return iter(())


def _objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, Mapping) for entry in value)


_BLOCKS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[str]]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "image": _image,
    "rich_text": _rich_text,
    "divider": _anything,
    "video": _anything,
    "file": _anything,
    "markdown": _anything,
    "table": _anything,
}
