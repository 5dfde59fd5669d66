"""The reference of checks, in English and Chinese, made from what stands beside each check: `make docs`."""

import re
from collections.abc import Iterable, Iterator, Mapping
from string import Formatter
from typing import Any

import click
import msgspec

from extension import catalogue, descriptions, examples, titles
from extension.checks import Check, Need
from extension.checks.registry import BY_ID
from extension.descriptions.headings import ASKED, HEAD, NOT_ASKED, WORDS
from extension.settings import Flag, Known, Names, kind_of
from extension.verdict import Language, Text


def markdown(registry: Mapping[str, Check], language: Language) -> str:
    """The reference as a page, a section for each family and each check in it."""
    page = _Page(language)
    families: dict[str, list[Check]] = {}
    for check in registry.values():
        families.setdefault(check.id.partition(".")[0], []).append(check)
    lines = [page.say(HEAD), *page.contents(families)]
    for family, checks in families.items():
        lines.append(f"## {family}\n")
        for check in checks:
            lines.extend(page.section(check))
    lines.extend(page.forms(registry))
    lines.extend(page.events())
    return "\n".join(lines)


def anchor(heading: str) -> str:
    """What GitHub calls a heading in an address: small letters and digits, `-` for blanks.

    Source: https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#section-links
    """
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


class _Page:
    """A page in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def say(self, text: Text) -> str:
        """A text in the language of the page."""
        return text.zh if self.language is Language.ZH else text.en

    def word(self, name: str) -> str:
        """A word or sentence of the page itself."""
        return self.say(WORDS[name])

    def codes(self, names: Iterable[object]) -> str:
        """Names one after the other, as code."""
        return self.word("comma").join(f"`{name}`" for name in names)

    def contents(self, families: Mapping[str, list[Check]]) -> Iterator[str]:
        """The checks of each family, and what follows them."""
        yield f"## {self.word('contents')}\n"
        for family, checks in families.items():
            yield f"- [{family}](#{anchor(family)})"
            yield from (
                f"  - [`{check.id}`](#{anchor(check.id)}){self.word('colon')}{self._title(check)}" for check in checks
            )
        yield from (f"- [{self.word(name)}](#{anchor(self.word(name))})" for name in ("forms", "events"))
        yield ""

    def _title(self, check: Check) -> str:
        if self.language is Language.ZH and check.id in titles.CHECKS_ZH:
            return titles.CHECKS_ZH[check.id]
        first = re.split(r"(?<=[.]) |: |; ", descriptions.check(check, self.language), maxsplit=1)[0].rstrip(".")
        return first[0].lower() + first[1:] if first[1:2].islower() else first

    def section(self, check: Check) -> Iterator[str]:
        """All that there is to say of a check."""
        colon = self.word("colon")
        yield f"### `{check.id}`\n"
        yield f"{descriptions.prose(check, self.language)}\n"
        yield f"**[{self.word('events')}](#{anchor(self.word('events'))})**{colon}{self._events(check)}\n"
        if check.needs:
            yield f"**{self.word('asks')}**{colon}{self._asked(check)}\n"
        yield from self._parameters(check)
        yield f"**{self.word('messages')}**\n"
        yield from (f"- {_shown(self.say(text))}" for text in check.texts)
        yield ""
        if check.placeholders:
            names = (f"{{{name}}}" for name in sorted(check.placeholders))
            yield f"{self.word('placeholders')}{colon}{self.codes(names)}\n"
        yield from self._example(check)

    def _events(self, check: Check) -> str:
        """The codes of a check's events, in the order of the catalogue."""
        if check.events == set(catalogue.BY_CODE):
            return self.word("every")
        return self.codes(entry.code for entry in catalogue.ENTRIES if entry.code in check.events)

    def _asked(self, check: Check) -> str:
        asked = self.word("and").join(self.say(ASKED[need]) for need in sorted(check.needs))
        others = Need.FILE in check.needs and not check.events <= catalogue.WITH_CODE
        end = "。" if self.language is Language.ZH else "."
        return asked + (f"{'；' if end == '。' else '; '}{self.say(NOT_ASKED)}" if others else "") + end

    def _parameters(self, check: Check) -> Iterator[str]:
        fields = msgspec.structs.fields(check.settings)
        if not fields:
            yield f"{self.word('no_parameters')}\n"
            return
        yield self.word("parameters")
        yield "|---|---|---|---|"
        for field in fields:
            form = descriptions.form(kind_of(field), self.language)
            meaning = descriptions.parameter(check, field.encode_name, self.language) + self._known(kind_of(field))
            yield f"| `{field.encode_name}` | [{form}](#{anchor(form)}) | {self._default(field)} | {meaning} |"
        yield ""
        if needed := one_of(check.settings):
            yield f"{self.word('one_of').format(names=self.codes(needed))}\n"

    def _known(self, kind: Any) -> str:  # noqa: ANN401  a setting type
        """The names that a parameter takes, where its form does not say them."""
        if not (issubclass(kind, Known) and kind.FORM == Names.FORM):
            return ""
        gap = " " if self.language is Language.EN else ""
        return gap + self.word("known").format(names=self.codes(kind.KNOWN))

    def _default(self, field: msgspec.structs.FieldInfo) -> str:
        if field.required:
            return self.word("required")
        value = field.default
        if value is None:
            return self.word("unset")
        if isinstance(value, Names):
            return self.codes(value.names)
        return f"`{str(bool(value)).lower() if isinstance(value, Flag) else value}`"

    def _example(self, check: Check) -> Iterator[str]:
        found = examples.example(check, self.language, self.word("passes"), self.word("hits"))
        yield f"**{self.word('example')}**\n"
        yield f"```yaml\n{found.policy}```\n"
        yield f"```text\n{found.cases}```\n"
        yield f"{self.word('reads')}\n"
        yield f"> {escaped(found.message)}\n"

    def forms(self, registry: Mapping[str, Check]) -> Iterator[str]:
        """What the forms of parameters mean, each once, as the types that read them say it."""
        fields = (field for check in registry.values() for field in msgspec.structs.fields(check.settings))
        kinds: dict[str, Any] = {Names.FORM: Names}
        for field in fields:
            kinds.setdefault(kind_of(field).FORM, kind_of(field))
        yield f"## {self.word('forms')}\n"
        for _, kind in sorted(kinds.items()):
            yield f"### {descriptions.form(kind, self.language)}\n"
            yield f"{descriptions.explained(kind, self.language)}\n"
            shown = kind.schema().get("items", {}).get("examples", ())
            if shown and "- `" not in descriptions.explained(kind, self.language):
                which = "known" if issubclass(kind, Known) else "such"
                yield f"{self.word(which).format(names=self.codes(shown))}\n"

    def _kind(self, entry: catalogue.Entry) -> str:
        """That an event is a notice, or what its extension point is called, where that has a name."""
        if entry.kind is catalogue.Kind.REGULAR:
            return self.word("notice")
        named = self.language is Language.ZH and entry.code in titles.POINTS_ZH
        return f"（{titles.POINTS_ZH[entry.code]}）" if named else ""

    def events(self) -> Iterator[str]:
        """The events of each module."""
        yield f"## {self.word('events')}\n"
        yield f"{self.word('sent')}\n"
        for module in catalogue.Module:
            yield f"### {descriptions.module(module, self.language)}\n"
            for entry in catalogue.ENTRIES:
                if entry.module is module:
                    about = descriptions.event(entry, self.language)
                    yield f"- `{entry.code}`{self._kind(entry)}{self.word('colon')}{about}"
            yield ""


def one_of(settings: type[msgspec.Struct]) -> tuple[str, ...]:
    """Parameters of which at least one has to be set, by what the settings refuse; none where all can be left out."""
    fields = msgspec.structs.fields(settings)
    if any(field.required for field in fields) or _takes(settings, {}):
        return ()
    return tuple(field.encode_name for field in fields if _takes(settings, {field.name: object()}))


def _takes(settings: type[msgspec.Struct], given: Mapping[str, object]) -> bool:
    try:
        settings(**given)
    except ValueError:
        return False
    return True


def escaped(text: str) -> str:
    """A text as Markdown shows it unchanged."""
    return re.sub(r"([\\`*_<>\[\]|#~])", r"\\\1", text)


def _shown(template: str) -> str:
    """The text of a message, its placeholders as code."""
    parts = Formatter().parse(template)
    return "".join(escaped(words) + (f"`{{{name}}}`" if name else "") for words, name, _, _ in parts)


@click.command()
@click.argument("language", type=click.Choice([language.value for language in Language]))
def main(language: str) -> None:
    """Print the reference of checks."""
    click.echo(markdown(BY_ID, Language(language)), nl=False)


if __name__ == "__main__":
    main()
