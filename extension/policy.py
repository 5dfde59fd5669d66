"""The policy: what is checked, on which events, for whom and when, and what a hit gives. Form: docs/policy.md."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import PurePosixPath
from typing import TypeVar, cast
from zoneinfo import ZoneInfo

import msgspec

from extension import catalogue, cel, expressions, queries, settings
from extension.cel import Kind
from extension.checks import Check
from extension.checks.registry import BY_ID
from extension.conditions import Condition
from extension.errors import Fault, PolicyError
from extension.events import Databases
from extension.rules import DEFAULT_TIMEZONE, EVERYWHERE, Exemption, LoggedSql, Policy, Rule, Scope, plan
from extension.settings import Ids, Names, Tables, WorkspaceIds
from extension.sql.facts import KINDS, Engine
from extension.tree import REQUIRED, Place, Section, Tree, Trees, join, load, suggestion
from extension.verdict import MAX_HELP_CHARS, SUBJECT, Language, Mode, Result, Severity, casefold, placeholders

ENGINES = tuple(engine for engine in Engine if engine not in (Engine.PYTHON, Engine.SHELL, Engine.OTHER))
"""What a data source can be said to run: all that is SQL."""

_T = TypeVar("_T")


class Source(msgspec.Struct, frozen=True):
    """A file of a policy."""

    name: str
    content: bytes


class Module(msgspec.Struct, frozen=True):
    """A file of custom checks that a policy names, and where it does."""

    path: str
    file: str
    line: int


def parse(content: bytes, file: str) -> Policy:
    """Read a policy of one file without custom checks. Raises PolicyError with everything that is wrong in it."""
    return Draft([Source(file, content)], file).finish()


class Draft:
    """A policy whose YAML is read, before its custom checks are.

    `modules` are the files of custom checks that it names; who reads files loads them, and hands `finish` the checks.
    """

    def __init__(self, sources: Sequence[Source], file: str) -> None:
        """Raises PolicyError for what is no YAML. `file` is the policy's name: the file, or the folder of several."""
        self.file = file
        self.faults: list[Fault] = []
        self._hash = hashlib.sha256()
        for source in sources:
            name = PurePosixPath(source.name).name.encode() if len(sources) > 1 else b""
            self._hash.update(b"%s\0%s\0" % (name, source.content) if name else source.content)
        trees = [(source.name, load(source.content, source.name)) for source in sources]
        lists = self._lists(trees)
        self._roots = [Section(tree, self.faults, Place(file=name, lists=lists)) for name, tree in trees]
        self.modules = tuple(self._modules())

    def _lists(self, trees: Sequence[tuple[str, Tree]]) -> Mapping[str, list[object]]:
        """Named lists of all files."""
        found: dict[str, list[object]] = {}
        for name, tree in trees:
            section = Section(tree, self.faults, Place(file=name)).section("lists")
            for key in section.tree if section else ():
                if key in found:
                    cast("Section", section).fault(key, "is the name of another list, too")
                found[key] = cast("Section", section).take(key, _list) or []
        return found

    def _modules(self) -> Iterator[Module]:
        for root in self._roots:
            for path in root.take("checks", _paths, default=()) or ():
                yield Module(path, root.place.file, root.tree.lines["checks"])

    def finish(self, custom: Sequence[Check] = (), content: bytes = b"") -> Policy:
        """The policy. Raises PolicyError with everything that is wrong in it.

        `custom` are the checks of its modules, `content` what those files hold.
        """
        self._hash.update(b"%d\0%s" % (len(content), content) if content else b"")
        registry = BY_ID | {check.id: check for check in custom}
        settings_of = _Settings(self._roots)
        rules = _rules(self._roots, registry, settings_of)
        for root in self._roots:
            root.known.append("lists")
            root.close()
        if self.faults:
            order = [root.place.file for root in self._roots]
            raise PolicyError(self.file, sorted(self.faults, key=lambda fault: (order.index(fault.file), fault.line)))
        return Policy(
            file=self.file,
            digest=self._hash.hexdigest()[:12],
            language=settings_of.language,
            timezone=settings_of.timezone,
            rules=rules,
            plan=plan(rules),
            databases=settings_of.databases,
            logged_sql=settings_of.logged_sql,
        )


class _Settings:
    """What stands above the rules. Of several files each must say its version, and one alone may say the rest."""

    def __init__(self, roots: Sequence[Section]) -> None:
        self._said: dict[str, str] = {}
        self.language = Language.ZH
        self.timezone = ZoneInfo(DEFAULT_TIMEZONE)
        self.on_error = self.on_timeout = Result.FAIL
        self.on_unreadable: Result | None = None
        self.databases = Databases()
        self.logged_sql = LoggedSql.DIGEST
        for root in roots:
            root.choice("version", 1)
            for key in ("language", "timezone", "defaults", "log", "sql"):
                if key in root.tree:
                    if key in self._said:
                        root.fault(key, f"is said in {self._said[key]}, too")
                    self._said[key] = root.place.file
            self.language = root.choice("language", *Language, default=self.language) or self.language
            self.timezone = root.take("timezone", _timezone, default=self.timezone) or self.timezone
            if defaults := root.section("defaults"):
                self.on_error = defaults.choice("on_error", *Result, default=self.on_error)
                self.on_timeout = defaults.choice("on_timeout", *Result, default=self.on_timeout)
                self.on_unreadable = defaults.choice("on_unreadable", *Result, default=self.on_unreadable)
                defaults.close()
            if log := root.section("log"):
                self.logged_sql = log.choice("sql", *LoggedSql, default=self.logged_sql) or self.logged_sql
                log.close()
            if (sql := root.section("sql")) and sql.tree:
                self.databases = _databases(sql)


def _databases(section: Section) -> Databases:
    """What `sql:` says of data sources."""
    projects = section.section("projects")
    others = projects.take(OTHERS, project, default="", lists=False) if projects else ""
    of_places = _by_place(projects, lambda own, key: own.take(key, project, lists=False))
    engines = _by_place(section.section("engines"), lambda own, key: own.choice(key, *ENGINES))
    section.close()
    return Databases(projects=of_places, engines=engines, project=others or "")


def _by_place(section: Section | None, read: Callable[[Section, str], _T]) -> Mapping[tuple[str, str], _T]:
    """What a section says for each workspace and data source, with faults noted."""
    found: dict[tuple[str, str], _T] = {}
    for key in section.tree if section else ():
        own = cast("Section", section)
        if key in own.known:
            continue
        match = _PLACE.fullmatch(casefold(key))
        if match is None:
            own.fault(key, "expected a data source, the id of a workspace, or both, such as 90214/odps_first")
            continue
        place = (match["workspace"] or match["alone"] or "", match["source"] or "")
        if place in found:
            own.fault(key, "is the same as another key here: case does not count")
        found[place] = read(own, key)
    return found


_PLACE = re.compile(r"(?P<alone>[0-9]+)|(?:(?P<workspace>[0-9]+)/)?(?P<source>[^\s/*?]+)")

OTHERS = "*"
"""Key of the project of all tables on MaxCompute that no other key is for."""


def project(value: object) -> str:
    """A project, schema or database, in the form in which names are compared. Raises ValueError."""
    name = casefold(value) if isinstance(value, str) else ""
    if not re.fullmatch(r"[\w-]+(?:[.][\w-]+)*", name) or name.startswith("odps."):
        hint = "; leave odps. out" if name.startswith("odps.") else ""
        raise ValueError(f"expected the name of a project, schema or database, found {settings.plain(value)}{hint}")
    return name


def _rules(roots: Sequence[Section], registry: Mapping[str, Check], above: _Settings) -> tuple[Rule, ...]:
    rules = []
    places: dict[str, str] = {}
    for root in roots:
        trees: Trees = root.take("rules", _rule_list, default=REQUIRED if len(roots) == 1 else Trees()) or Trees()
        for number, tree in enumerate(trees, start=1):
            if not isinstance(tree, Tree):
                problem = f"expected a mapping with id, on and check, found {settings.plain(tree)}"
                line = trees.lines[number - 1]
                root.faults.append(Fault(problem, line=line, rule=f"#{number}", file=root.place.file))
                continue
            name = tree.get("id")
            named = isinstance(name, str) and _ID.fullmatch(name)
            rule_id = str(name) if named else f"#{number}"
            section = Section(tree, root.faults, msgspec.structs.replace(root.place, rule=rule_id))
            if named and rule_id in places:
                section.fault("id", f"is the id of the rule in {places[rule_id]} too")
            places[rule_id] = f"line {tree.line}" if len(roots) == 1 else f"{root.place.file}:{tree.line}"
            if rule := _Reader(section, registry, above).rule():
                rules.append(rule)
    if len(roots) > 1 and not any("rules" in root.tree for root in roots):
        roots[0].fault("rules", "is missing in every file")
    return tuple(rules)


class _Reader:
    """The reading of one rule."""

    def __init__(self, section: Section, registry: Mapping[str, Check], above: _Settings) -> None:
        self.section = section
        self.registry = registry
        self.above = above

    def rule(self) -> Rule | None:
        """The rule; None, with faults noted, where it does not validate."""
        section, above = self.section, self.above
        before = len(section.faults)
        identity = section.take("id", _identity)
        codes = section.take("on", _codes)
        check = section.take("check", self._check, default=None)
        given = section.section("with")
        values = self._settings(given, check)
        condition = section.take("when", partial(self._condition, codes, check), default=None)
        rule = partial(
            Rule,
            result=section.choice("result", Result.FAIL, Result.WARN, default=Result.FAIL),
            mode=section.choice("mode", Mode.ENFORCE, Mode.SHADOW, default=Mode.ENFORCE),
            on_error=section.choice("on_error", *Result, default=above.on_error),
            on_timeout=section.choice("on_timeout", *Result, default=above.on_timeout),
            on_unreadable=section.choice("on_unreadable", *Result, default=above.on_unreadable),
            message=section.take("message", _message, default=""),
            severity=section.choice("severity", *Severity, default=None),
            owner=section.take("owner", _words, default=""),
            help=section.take("help", _address, default=""),
            scope=self._scope(),
            exempt=tuple(self._exemption(entry) for entry in section.sections("exempt")),
            options=self._options(check),
        )
        if check:
            for name in (field.encode_name for field in msgspec.structs.fields(check.settings)):
                section.refuse(name, f"is a parameter of {check.id}: write it under with, as with: {{{name}: ...}}")
        section.close()
        self._fit(codes, check, rule.keywords["message"])
        if len(section.faults) > before:
            return None
        return rule(
            id=identity,
            check=check,
            given={key: _plain(given.listed(key)) for key in given.tree} if given else {},
            settings=values,
            when=condition,
            events=codes & check.events if check else codes,
        )

    def _fit(self, codes: frozenset[str] | None, check: Check | None, message: str | None) -> None:
        """Note what does not fit together, though each is right."""
        section = self.section
        if "check" not in section.tree and "when" not in section.tree:
            section.fault("", "has neither check nor when: it would never hit")
        if check and codes and not codes & check.events:
            section.fault("on", f"holds no event that {check.id} judges; it judges {join(check.events)}")
        elif check and codes:
            for code in sorted(_misplaced(section.listed("on"), check)):
                section.fault("on", f"{check.id} does not judge {code}; it judges {join(check.events)}")
        if message and (check or "check" not in section.tree):
            known = SUBJECT | (check.placeholders if check else {"condition"})
            name = check.id if check else "a rule without check"
            for unknown in sorted(placeholders(message) - known):
                section.fault("message", f"{name} has no value for {{{unknown}}}; it has {join(known)}")

    def _check(self, value: object) -> Check:
        check = self.registry.get(value) if isinstance(value, str) else None
        if check is None:
            raise ValueError(f"expected a check, found {settings.plain(value)}" + suggestion(value, self.registry))
        return check

    def _settings(self, section: Section | None, check: Check | None) -> msgspec.Struct | None:
        """Read `with:` as the check's settings; None, with faults noted, where it does not validate."""
        if section is None or check is None:
            if section and section.tree and "check" not in self.section.tree:
                self.section.fault("with", "is for a check, and this rule has none")
            return None
        before = len(section.faults)
        values = {}
        for field in msgspec.structs.fields(check.settings):
            default = REQUIRED if field.required else field.default
            values[field.name] = section.take(field.encode_name, partial(settings.read, field), default)
        section.close()
        if len(section.faults) > before:
            return None
        try:
            return check.settings(**values)
        except ValueError as error:
            section.fault("", str(error))
            return None

    def _condition(self, codes: frozenset[str] | None, check: Check | None, value: object) -> Condition:
        """Compile `when:` for the events that the rule is for."""
        known = codes or frozenset(catalogue.BY_CODE)
        return expressions.compile(value, variables((known & check.events if check else known) or known), _NEVER)

    def _scope(self) -> Scope:
        section = self.section
        start = section.take("from", partial(_moment, self.above.timezone, last=False), default=None)
        end = section.take("until", partial(_moment, self.above.timezone, last=True), default=None)
        if start and end and start >= end:
            section.fault("until", "is not after from: the rule would never be in force")
        scope = Scope(
            workspaces=section.take("workspaces", _some(WorkspaceIds), default=None),
            except_workspaces=section.take("except_workspaces", _not_all(WorkspaceIds), default=None),
            operators=section.take("operators", _some(Ids), default=None),
            except_operators=section.take("except_operators", _not_all(Ids), default=None),
            start=start,
            end=end,
        )
        return EVERYWHERE if scope == EVERYWHERE else scope

    def _exemption(self, entry: Section) -> Exemption:
        exemption = Exemption(
            operators=entry.take("operator", _some(Ids), default=None),
            workspaces=entry.take("workspace", _some(WorkspaceIds), default=None),
            tables=entry.take("table", _some(Tables), default=None),
            until=entry.take("until", partial(_moment, self.above.timezone, last=True)),
            reason=entry.take("reason", _words, default=""),
        )
        entry.close()
        if not {"operator", "workspace", "table"} & set(entry.tree):
            entry.fault("", "names neither operator nor workspace nor table: it would exempt everybody")
        return exemption

    def _options(self, check: Check | None) -> Mapping[str, str]:
        """Read `options:`, the parameters that a workspace can set."""
        section = self.section.section("options")
        if section is None:
            return {}
        parameters = {field.encode_name for field in msgspec.structs.fields(check.settings)} if check else set[str]()
        known = {"result"} | parameters
        name = check.id if check else "a rule without check"
        for parameter in section.tree:
            if parameter not in known and (check or "check" not in self.section.tree):
                hint = suggestion(parameter, known)
                section.fault(parameter, f"{name} has no such parameter; it has {join(known)}{hint}")
        return {parameter: section.take(parameter, _words) for parameter in section.tree}


def _plain(value: object) -> object:
    """A value of the file without its lines."""
    if isinstance(value, Tree):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


_SQL = cel.fields(
    {
        **dict.fromkeys(("tables", "written", "columns", "stars", "functions", "statements"), cel.list_of(cel.STRING)),
        **dict.fromkeys(("cross_joins", "limit", "length"), cel.INT),
        "readable": cel.BOOL,
    }
)
"""What a condition can read of SQL: see `queries.values`."""


def variables(codes: frozenset[str]) -> Mapping[str, Kind]:
    """What a condition can read when it is for the events `codes`. Events without a struct have any field.

    It can read SQL where any of the events has it.
    """
    payloads = [catalogue.BY_CODE[code].payload for code in sorted(codes)]
    sql = {"sql": _SQL} if any(map(queries.carries, payloads)) else {}
    return {
        **sql,
        "event": expressions.merge(expressions.record(payload) if payload else cel.DYN for payload in payloads),
        "operator": cel.fields({"id": cel.STRING, "ids": cel.list_of(cel.STRING), "roles": cel.list_of(cel.STRING)}),
        "workspace": cel.fields({"id": cel.STRING}),
        "now": cel.TIMESTAMP,
        "parameters": cel.map_of(cel.STRING, cel.STRING),
    }


def _no_table(name: str) -> str:
    """Why no table of a SQL is called `name`, empty where one may be."""
    if name != casefold(name):
        return f"names are in lower case, so write {settings.plain(casefold(name))}"
    begin = name.partition("*")[0]
    return f'it holds names, not patterns; write exists(t, t.startsWith("{begin}"))' if begin != name else ""


def _no_column(name: str) -> str:
    """Why no column of a SQL is called `name`: only all columns of a table have a star."""
    if "." not in name:
        return f'it holds project.table.column; write exists(c, c.endsWith(".{name}"))'
    return _no_table(name.removesuffix(".*"))


def _no_function(name: str) -> str:
    """Why no function of a SQL is called `name`."""
    return f"names are in lower case, so write {settings.plain(casefold(name))}" if name != casefold(name) else ""


def _no_statement(kind: str) -> str:
    """Why no statement is of the kind `kind`."""
    return "" if kind in KINDS else f"it holds {', '.join(KINDS)}{suggestion(kind.upper(), KINDS)}"


_NEVER: Mapping[tuple[str, ...], Callable[[str], str]] = {
    ("sql", "tables"): _no_table,
    ("sql", "written"): _no_table,
    ("sql", "stars"): _no_table,
    ("sql", "columns"): _no_column,
    ("sql", "functions"): _no_function,
    ("sql", "statements"): _no_statement,
}
"""What a condition can look for in vain: it would never hit, and nobody would see why."""


def _list(value: object) -> list[object]:
    if not isinstance(value, Trees) or not value:
        raise ValueError(f"expected a list of text and numbers, found {settings.plain(value)}")
    for item in value:
        if type(item) not in (str, int):
            raise ValueError(f"expected a list of text and numbers, found {settings.plain(item)} in it")
    return list(value)


def _paths(value: object) -> tuple[str, ...]:
    """Files of custom checks, from the folder of the policy."""
    names = value if isinstance(value, Trees) and value else [value]
    for name in names:
        path = PurePosixPath(name) if isinstance(name, str) else PurePosixPath()
        if path.suffix != ".py" or path.is_absolute() or ".." in path.parts or not str(path).isprintable():
            raise ValueError(
                f"expected Python files beside the policy, such as checks/tickets.py, found {settings.plain(name)}"
            )
    return tuple(map(str, names))


def _rule_list(value: object) -> Trees:
    if not isinstance(value, Trees) or not value:
        raise ValueError(f"expected a list of rules, each with id, on and check, found {settings.plain(value)}")
    return value


_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def _identity(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError(
            "expected text of at most 64 letters, digits, '_', '.' and '-', a letter or digit first,"
            f" found {settings.plain(value)}"
        )
    return value


def _codes(value: object) -> frozenset[str]:
    """Codes of the catalogue that `on:` stands for."""
    names = value if isinstance(value, list) else [value]
    codes = frozenset[str]()
    for name in names:
        selected = catalogue.select(name) if isinstance(name, str) else None
        if not selected:
            raise ValueError(
                f'expected event codes, categories or modules, or "*", found {settings.plain(name)}'
                + suggestion(name, catalogue.names())
            )
        codes |= selected
    if not codes:
        raise ValueError("expected at least one event")
    return codes


def _misplaced(names: object, check: Check) -> frozenset[str]:
    """Codes that `on:` names one by one though the check has nothing to do with events of their category."""
    categories = {catalogue.BY_CODE[code].category for code in check.events}
    named = frozenset(map(str, names if isinstance(names, list) else [names])) & set(catalogue.BY_CODE)
    return frozenset(code for code in named if catalogue.BY_CODE[code].category not in categories)


def _some(kind: type[Names]) -> Callable[[object], Names]:
    """A reader of one id or several."""
    return lambda value: kind.read([value] if type(value) in (str, int) else value)


def _not_all(kind: type[Names]) -> Callable[[object], Names]:
    """A reader of one id or several, but of no pattern that leaves nobody."""

    def read(value: object) -> Names:
        names = _some(kind)(value)
        if "*" in names.names:
            raise ValueError("holds *, so that the rule would be for nobody")
        return names

    return read


def _words(value: object) -> str:
    """Text of a line."""
    if not isinstance(value, str) or not value.strip() or len(value) > _MAX_WORDS or not value.isprintable():
        raise ValueError(f"expected one line of at most {_MAX_WORDS} characters, found {settings.plain(value)}")
    return value.strip()


_MAX_WORDS = 200


def _address(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"https?://[!-~]+", value) or len(value) > MAX_HELP_CHARS:
        raise ValueError(
            f"expected an address such as https://example.com/rules of at most {MAX_HELP_CHARS} characters, found"
            f" {settings.plain(value)}"
        )
    return value


def _message(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"expected text, found {settings.plain(value)}")
    if len(value) > settings.MAX_PATTERN_CHARS:
        raise ValueError(f"expected at most {settings.MAX_PATTERN_CHARS} characters, found {len(value):,}")
    placeholders(value)
    return value.strip()


_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)


def _moment(timezone: ZoneInfo, value: object, *, last: bool) -> datetime:
    """A moment from a date, with or without a time; a date alone is its start, or for `last` the start of the next day.

    Without a zone it is in the policy's.
    """
    match = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    problem = f"expected a date such as 2026-12-31, or 2026-12-31 18:00, found {settings.plain(value)}"
    if not match:
        raise ValueError(problem)
    day, clock, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00'}{zone or ''}")
    except ValueError as error:
        raise ValueError(problem) from error
    try:
        moment += timedelta(days=int(last and not clock))
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone)).astimezone(UTC)
    except OverflowError:  # 9999-12-31, which means for ever, and 0001-01-01
        return _LAST if moment.year > 1 else _FIRST


def _timezone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(value if isinstance(value, str) else "")
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"expected a timezone such as Asia/Shanghai, found {settings.plain(value)}") from error
