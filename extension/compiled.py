"""A policy in the form in which it is deployed: checked before, and read without YAML, grammar and schema.

It lies beside the policy as `policy.compiled`, and is JSON. It counts only for the very files that it was made of, by
their SHA-256, and for the version of the package that made it: in any other case the policy is read as it is written.
What stands in it is plain values, and what they become is read by the same code as ever.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from extension import __version__, settings
from extension.checks import Check, built_in
from extension.events import Databases
from extension.rules import EVERYWHERE, Exemption, LoggedSql, Policy, Rule, Scope, plan
from extension.settings import Ids, Names, Tables, WorkspaceIds
from extension.sql.facts import Engine
from extension.verdict import Language, Mode, Result, Severity

if TYPE_CHECKING:
    from extension.conditions import Condition

SUFFIX = ".compiled"
"""What the file ends in, instead of the ending of the policy's name."""

Plain = dict[str, Any]
"""A mapping of JSON."""


def write(policy: Policy, sources: Mapping[str, bytes], modules: Mapping[str, bytes]) -> bytes:
    """The compiled form of a policy. `sources` are its files, `modules` those of its custom checks, by their names."""
    events = sorted({tuple(sorted(rule.events)) for rule in policy.rules})
    said = {
        "version": __version__,
        "sources": _digests(sources),
        "modules": _digests(modules),
        "digest": policy.digest,
        "language": policy.language,
        "timezone": policy.timezone.key,
        "logged_sql": policy.logged_sql,
        "projects": [[*place, name] for place, name in policy.databases.projects.items()],
        "engines": [[*place, engine] for place, engine in policy.databases.engines.items()],
        "project": policy.databases.project,
        "events": events,
        "rules": [plain(rule, events.index(tuple(sorted(rule.events)))) for rule in policy.rules],
    }
    return msgspec.json.format(msgspec.json.encode(said, order="sorted"), indent=1) + b"\n"


def read(content: bytes, sources: Mapping[str, bytes]) -> Plain | None:
    """What a file holds, None where it is not of this version or not of these files.

    Raises ValueError for what is no JSON, and AttributeError, LookupError and TypeError for what has another form; so
    does `policy`.
    """
    said: Plain = msgspec.json.decode(content)
    return said if said["version"] == __version__ and said["sources"] == _digests(sources) else None


def fits(said: Plain, modules: Mapping[str, bytes]) -> bool:
    """Whether these are the custom checks that the policy was compiled with."""
    return bool(said["modules"] == _digests(modules))


def policy(said: Plain, file: str, custom: Mapping[str, Check]) -> Policy:
    """The policy, called `file`. `custom` are its own checks."""
    events = [frozenset(codes) for codes in said["events"]]
    rules = tuple(_read_rule(each, events, custom) for each in said["rules"])
    return Policy(
        file=file,
        digest=said["digest"],
        language=Language(said["language"]),
        timezone=ZoneInfo(said["timezone"]),
        rules=rules,
        plan=plan(rules),
        databases=Databases(
            projects={(workspace, source): name for workspace, source, name in said["projects"]},
            engines={(workspace, source): Engine(name) for workspace, source, name in said["engines"]},
            project=said["project"],
        ),
        logged_sql=LoggedSql(said["logged_sql"]),
    )


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: sha256(content).hexdigest() for name, content in files.items()}


def plain(rule: Rule, events: int) -> Plain:
    """A rule in plain values, without those that are empty; `events` is the number of its set of events."""
    said = {
        "id": rule.id,
        "events": events,
        "check": rule.check.id if rule.check else "",
        "given": rule.given,
        "when": _condition(rule.when) if rule.when else None,
        "scope": _filled({name: _plain(getattr(rule.scope, name)) for name in (*_SCOPES, "start", "end")}),
        "exempt": [
            _filled({name: _plain(getattr(each, name)) for name in (*_EXEMPTED, "until", "reason")})
            for each in rule.exempt
        ],
        **{name: getattr(rule, name) for name in ("result", "mode", "on_error", "on_timeout", "on_unreadable")},
        **{name: getattr(rule, name) for name in ("message", "severity", "owner", "help", "options")},
    }
    return _filled(said)


def _filled(said: Plain) -> Plain:
    return {name: value for name, value in said.items() if value not in (None, "", [], {})}


def _plain(value: object) -> object:
    return list(value.names) if isinstance(value, Names) else value


_SCOPES: Mapping[str, type[Names]] = {
    "workspaces": WorkspaceIds,
    "except_workspaces": WorkspaceIds,
    "operators": Ids,
    "except_operators": Ids,
}
_EXEMPTED: Mapping[str, type[Names]] = {"operators": Ids, "workspaces": WorkspaceIds, "tables": Tables}


def _read_rule(said: Plain, events: Sequence[frozenset[str]], custom: Mapping[str, Check]) -> Rule:
    check = _check(said["check"], custom) if "check" in said else None
    given = said.get("given", {})
    return Rule(
        id=said["id"],
        check=check,
        given=given,
        settings=_settings(check.settings, given) if check else None,
        when=_read_condition(said["when"]) if "when" in said else None,
        events=events[said["events"]],
        scope=_read_scope(said["scope"]) if "scope" in said else EVERYWHERE,
        exempt=tuple(map(_read_exemption, said.get("exempt", ()))),
        result=_RESULTS[said["result"]],
        mode=_MODES[said["mode"]],
        on_error=_RESULTS[said["on_error"]],
        on_timeout=_RESULTS[said["on_timeout"]],
        on_unreadable=_RESULTS[said["on_unreadable"]] if "on_unreadable" in said else None,
        message=said.get("message", ""),
        severity=Severity(said["severity"]) if "severity" in said else None,
        owner=said.get("owner", ""),
        help=said.get("help", ""),
        options=said.get("options", {}),
    )


_RESULTS, _MODES = {each.value: each for each in Result}, {each.value: each for each in Mode}


def _check(name: str, custom: Mapping[str, Check]) -> Check:
    found = custom.get(name) or built_in(name)
    if found is None:
        raise LookupError(name)
    return found


def _settings(struct: type[msgspec.Struct], given: Plain) -> msgspec.Struct:
    """Settings as `with:` gives them."""
    readers = _readers(struct)
    return struct(**{readers[key][0]: readers[key][1](value) for key, value in given.items()})


@cache
def _readers(struct: type[msgspec.Struct]) -> Mapping[str, tuple[str, Callable[[object], object]]]:
    """Name and reader of each setting, by what the policy calls it."""
    fields = msgspec.structs.fields(struct)
    return {field.encode_name: (field.name, settings.kind_of(field).read) for field in fields}


def _names(said: Plain, kinds: Mapping[str, type[Names]]) -> dict[str, Names | None]:
    return {name: kind(tuple(said[name])) if name in said else None for name, kind in kinds.items()}


def _read_scope(said: Plain) -> Scope:
    return Scope(**_names(said, _SCOPES), start=_moment(said, "start"), end=_moment(said, "end"))


def _moment(said: Plain, name: str) -> datetime | None:
    return datetime.fromisoformat(said[name]) if name in said else None


def _read_exemption(said: Plain) -> Exemption:
    until = datetime.fromisoformat(said["until"])
    return Exemption(**_names(said, _EXEMPTED), until=until, reason=said.get("reason", ""))


def _condition(condition: "Condition") -> Plain:
    """A condition as it was found to be, so that it is not read again; sets in order, so that it is always the same."""
    return {
        "text": condition.text,
        "fields": {name: _sorted(fields) for name, fields in condition.fields.items()},
        "names": sorted(condition.names),
        "checked": {**msgspec.structs.asdict(condition.checked), "needs": sorted(condition.checked.needs)},
    }


def _sorted(names: Iterable[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _read_condition(said: Plain) -> "Condition":
    from extension.conditions import Checked, Condition, engine  # noqa: PLC0415  only for a policy that has some

    engine()  # it cannot be loaded twice, and what is judged can be stopped in the middle of it
    checked = said["checked"]
    return Condition(
        text=said["text"],
        fields={name: None if fields is None else frozenset(fields) for name, fields in said["fields"].items()},
        names=frozenset(said["names"]),
        checked=Checked(**{**checked, "needs": frozenset(map(tuple, checked["needs"]))}),
    )
