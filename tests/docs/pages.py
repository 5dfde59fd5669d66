"""A page in Markdown: its code blocks, its words in code, its links and the places that links can lead to."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from extension.storage import ROOT

_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>.*)$")
_NAMED = re.compile(r"^(?:[^`\s]+ ){0,4}`(?P<file>[\w./-]+\.(?:yaml|yml|json|py|sql|txt))`")
_LINK = re.compile(r"(?<!!)\[(?:[^\[\]]|\[[^\[\]]*\])*\]\((?P<to>[^()\s]+)\)")


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A code block. `file` is what the paragraph before it calls it by, where that names a file in its first words."""

    place: str
    language: str
    text: str
    file: str


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page, and the folder that its links go from."""

    name: str
    folder: Path
    text: str

    @property
    def blocks(self) -> list[Block]:
        """The code blocks, in their order."""
        return [part for part in self._parts() if isinstance(part, Block)]

    @property
    def prose(self) -> str:
        """The page without its code blocks."""
        return "\n".join(part for part in self._parts() if isinstance(part, str))

    @property
    def code(self) -> list[str]:
        """What stands in backticks in a line, on one line each."""
        return [" ".join(found.split()) for found in re.findall(r"(?<!`)`([^`]+)`(?!`)", self.prose)]

    @property
    def links(self) -> list[str]:
        """Where links lead, but for those to other sites."""
        found = [match["to"] for match in _LINK.finditer(re.sub(r"`[^`]*`", "`", self.prose))]
        return [link for link in found if not link.startswith(("https://", "http://"))]

    @property
    def anchors(self) -> set[str]:
        """What a link can name behind `#`, as GitHub makes it of the headings."""
        seen: Counter[str] = Counter()
        found = set()
        for heading in re.findall(r"^#+ +(.*?) *$", self.prose, re.MULTILINE):
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
            anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
            seen[anchor] += 1
        return found

    def _parts(self) -> Iterator[Block | str]:
        """Lines, and blocks. Raises AssertionError for a block that does not end."""
        lines = enumerate(self.text.splitlines(), start=1)
        before: list[str] = []
        for number, line in lines:
            fence = _FENCE.match(line)
            if not fence:
                before.append(line)
                yield line
                continue
            inside = []
            for _, further in lines:
                if further.strip() == "```":
                    break
                inside.append(further.removeprefix(fence["indent"]))
            else:
                raise AssertionError(f"{self.name}:{number}: the block does not end")
            yield Block(
                place=f"{self.name}:{number}",
                language=fence["info"].strip(),
                text="".join(f"{line}\n" for line in inside),
                file=_file(before),
            )
            before = []


def _file(before: list[str]) -> str:
    """The file that the last sentence of the last paragraph names in its first words."""
    paragraph: list[str] = []
    for line in reversed(before):
        if not line.strip() and paragraph:
            break
        if line.strip():
            paragraph.insert(0, re.sub(r"^\s*(?:\d+\.|-) ", "", line).strip())
    named = _NAMED.match(re.split(r"(?<=[.!?]) |(?<=[。！？])", " ".join(paragraph).rstrip(" :："))[-1])
    return named["file"] if named else ""


def read(path: Path) -> Page:
    """Read a page of the project."""
    return Page(name=str(path.relative_to(ROOT)), folder=path.parent, text=path.read_text(encoding="utf-8"))


def pages() -> dict[str, Page]:
    """Every page that the project has for its users, by its name."""
    files = [
        *(ROOT / name for name in ("README.md", "README.zh-CN.md", "SECURITY.md")),
        *sorted((ROOT / "docs").rglob("*.md")),
        *(file for folder in ("examples", "events", "benchmarks", "deploy") for file in (ROOT / folder).rglob("*.md")),
    ]
    return {page.name: page for page in (read(file) for file in files if file.exists())}
