"""A registration as a page for people: sections of texts, lists and what is to be pasted."""

from collections.abc import Iterator

import msgspec

from extension.registration.form import Host, Line, Point, Registration, Setting, Standing, Variable


class Text(msgspec.Struct, frozen=True):
    """A paragraph."""

    text: str


class Item(msgspec.Struct, frozen=True):
    """An item of a list, with lines below it. `term` is what is typed, ticked or looked up, empty for none."""

    term: str
    text: str = ""
    below: tuple[str, ...] = ()


class Items(msgspec.Struct, frozen=True, kw_only=True):
    """A list; `sign` is what stands before each item: empty for numbers. `labels` says that terms are labels."""

    items: tuple[Item, ...]
    sign: str = "-"
    labels: bool = False


class Paste(msgspec.Struct, frozen=True, kw_only=True):
    """What is pasted as it is, in a language."""

    text: str
    language: str


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the page."""

    title: str
    blocks: tuple[Text | Items | Paste, ...]


TICK = "[x]"
"""What stands before what is to be ticked."""


def page(found: Registration) -> tuple[Section, ...]:
    """The sections, in the order in which they are needed."""
    sections = (
        _section("Look at this first", _problems(found)),
        *((_section("Steps", _steps(found)),) if found.halves else ()),
        _section("Hosting", _hosting(found)),
        _section("Registration form", _form(found)),
        _section("Extension points to process", _points(found)),
        _section("Regular events", _regular(found)),
        _section("Extension parameter settings", _parameters(found)),
        _section("Extension option settings", _options(found)),
        _section("EventBridge: event pattern", _pattern(found)),
        _section("EventBridge: target", _target(found)),
        _section("EventBridge: signature", _signature(found)),
        _section("Variables to set", _variables(found)),
        _section("RAM actions", _permissions(found)),
        *(() if found.halves else (_section("Steps", _steps(found)),)),
    )
    return tuple(section for section in sections if section.blocks)


_Blocks = Iterator[Text | Items | Paste]


def _section(title: str, blocks: _Blocks) -> Section:
    return Section(title=title, blocks=tuple(blocks))


def _problems(found: Registration) -> _Blocks:
    if found.problems:
        yield Items(sign="!", items=tuple(Item("", problem) for problem in found.problems))


def _hosting(found: Registration) -> _Blocks:
    hosted = found.hosting
    way = "Deploy with Function Compute" if hosted.chosen is Host.FUNCTION else "Deploy with a self-managed service"
    yield Items(labels=True, items=(Item("Register as", way), Item("Region", found.deployment.region)))
    yield Text(hosted.why)
    if hosted.forced:
        yield Text("The rules that a function does not suffice for, or may not:")
        yield Items(items=tuple(Item(each.rule, f"for {', '.join(each.events)}") for each in hosted.forced))


def _form(found: Registration) -> _Blocks:
    workspace = "one of yours that is not production; tests run there alone"
    owners = ", ".join(found.owners) or "whom blocked users shall ask"
    hosting = found.hosting.chosen is Host.FUNCTION
    why = "a function has no pages" if hosting else "set EXTENSION_URL where the service has pages"
    absent = f"leave it empty: {why}"
    yield Items(
        labels=True,
        items=(
            Item("Extension Name", found.name),
            *((Item("Function", found.deployment.hosted),) if hosting else ()),
            Item("Owner", owners),
            Item("Test Workspace", workspace if found.test_workspace else "not needed for the tenant level"),
            Item("Extension Details URL", found.details_url or absent),
            Item("Extension Document URL", found.document_url or absent),
            Item("Description", found.description),
        ),
    )
    yield Text("How long a name and a description may be is unverified.")


def _points(found: Registration) -> _Blocks:
    yield Items(labels=True, items=(Item("Level", found.level.value),))
    if found.points:
        yield Items(sign=TICK, items=tuple(_point(point, mixed=bool(found.halves)) for point in found.points))
        yield Text("Names differ between versions of the console: go by module and code.")


def _point(point: Point, *, mixed: bool = False) -> Item:
    rules = ", ".join(f"{rule.id} (shadow)" if rule.shadow else rule.id for rule in point.rules)
    name = f"{point.name} ({point.name_zh})" if point.name_zh else point.name
    level = f"; {point.level} level" if mixed else ""
    notes = (f"note: {point.note}",) if point.note else ()
    return Item(point.code, f"{point.module}: {name}{level}", (f"rules: {rules}", *notes))


def _regular(found: Registration) -> _Blocks:
    if found.regular:
        yield Text(
            "Nobody waits for a verdict on these: they cannot be blocked, and need the rule of EventBridge alone."
        )
        yield Items(items=tuple(map(_point, found.regular)))


_STANDINGS = {
    Standing.PROPOSAL: "proposal",
    Standing.NEEDED: "put a value in the place of VALUE, and add the line",
    Standing.OPTIONAL: "only if you want it",
}


def _parameters(found: Registration) -> _Blocks:
    # Lines to fill in are not among them: a value that is none makes a condition false, without a word.
    proposed = [line for line in found.parameters if line.standing is Standing.PROPOSAL]
    if proposed:
        yield Paste(text="\n".join(line.text for line in proposed), language="text")
    yield Items(items=tuple(map(_line, found.parameters)))
    yield Text(
        "None is proposed for types of files: whether extension.fileType.{fileType}.{eventCode}.enabled=true shuts out"
        " all other types is unverified."
    )


def _line(line: Line) -> Item:
    return Item(line.text, f"{_STANDINGS[line.standing]}. {line.why}")


def _options(found: Registration) -> _Blocks:
    if found.options is None:
        yield Text("None: no rule has `options:`.")
        return
    yield Paste(text=found.options_text, language="json")
    if '"default"' in found.options_text:
        yield Text(
            "That the console takes the key `default` is unverified: --no-defaults leaves it out, and the tooltips say"
            " what counts where nothing is set."
        )


def _pattern(found: Registration) -> _Blocks:
    if found.bridge:
        yield Items(labels=True, items=(Item("Region", found.bridge.region), Item("Event Bus", found.bridge.bus)))
        yield Paste(text=found.bridge.pattern_text, language="json")


def _target(found: Registration) -> _Blocks:
    if found.bridge is None:
        return
    target = found.bridge.target
    token = "the one of EVENTBRIDGE_TOKEN, which is set" if target.token_set else "`openssl rand -hex 16` makes one"
    yield Items(
        labels=True,
        items=(
            Item("Service Type", target.service_type),
            Item("URL", target.url or "set EXTENSION_URL or EVENTBRIDGE_URL, and run `register` again"),
            Item("Body", target.body),
            Item("Network Type", target.network_type),
            Item("Token", token),
            Item("Retry Policy", target.retry_policy),
            Item("Dead-letter Queue", "on, so that nothing is lost while the service is down"),
        ),
    )
    yield Text("Exponential decay is 176 retries over a day: documented for event streams, for rules unverified.")


def _signature(found: Registration) -> _Blocks:
    if found.bridge:
        yield Items(items=tuple(Item("", text) for text in found.bridge.signature))


def _variables(found: Registration) -> _Blocks:
    yield Items(items=tuple(map(_variable, found.variables)))
    yield Text("Names are those in .env where `s` deploys it, else those in the environment of the service.")


def _variable(variable: Variable) -> Item:
    stands = {
        Setting.SET: "is set",
        Setting.MISSING: "set it to that" if variable.value else "is not set",
        Setting.LATER: "is known after the registration",
    }
    name = variable.dotenv or variable.name
    process = f" The process reads it as {variable.name}." if name != variable.name else ""
    return Item(f"{name}={variable.value}", f"{stands[variable.standing]}. {variable.why}{process}")


def _permissions(found: Registration) -> _Blocks:
    yield Items(
        items=tuple(
            Item(each.action, each.why + (f"; for {', '.join(each.rules)}" if each.rules else ""))
            for each in found.permissions
        )
    )
    yield Text("docs/ram/README.md has the role, and what of these names is unverified.")


def _steps(found: Registration) -> _Blocks:
    yield Items(sign="", items=tuple(Item("", step) for step in found.steps))
