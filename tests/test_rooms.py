"""Data flows down the page: a module imports only from rooms above it."""

import ast
import re

import pytest

from extension.storage import ROOT

FAMILIES = (
    *("approvals", "backfills", "calendars", "files", "integrations", "nodes", "operators", "quality", "sql", "tables"),
    *("transfers", "workspaces"),
)
SQL = (
    *("words", "names", "commands", "tables", "shortening", "scripts", "grammar", "relations", "lineage", "joins"),
    *("statements", "reading", "outline"),
)
COMMANDS = (
    *("completing", "describing", "diagnosing", "invoking", "policies", "registering", "replaying", "reviewing"),
    "serving",
)
DOCTOR = (
    *("setup", "credentials", "endpoint", "refusals", "registered", "calls", "registration", "options", "service"),
    "examination",
)
ROOMS = (
    *("errors", "sql.facts", "bounds", "events", "payloads", "catalogue", "envelopes"),
    *("verdict", "settings", "windows"),
    *(f"sql.{room}" for room in SQL),
    *("sql", "queries", "checks", "checks.lists"),
    *(f"checks.{family}" for family in FAMILIES),
    *("checks.registry", "conditions", "rules", "compiled", "cel", "expressions", "tree", "policy", "storage"),
    *(
        "schema",
        "titles",
        "descriptions.judged",
        "descriptions.words",
        "descriptions.headings",
        "descriptions",
        "parameters",
        "overtime",
        "dataworks",
        "light",
        "sdk",
        "certificates",
        "signatures",
    ),
    *("deliveries", "records", "stores", "stores.folder", "stores.database", "stores.opening", "recorder", "notices"),
    *("links", "edges", "completion", "journal", "pipeline", "evidence", "logs", "replay", "metrics"),
    *("pages.texts", "pages.outlines", "pages", "pages.verdicts", "pages.documents", "pages.report", "pages.filters"),
    *(
        "pages.sessions",
        "pages.site",
        "service",
        "faults",
        "local",
        "cases",
        "examples",
        "reference",
        "review",
        "packing",
        "deployment",
        "options",
        "splitting",
        *(f"registration.{room}" for room in ("form", "points", "lines", "bridge", "steps", "page", "shown")),
        "registration",
        "doctor",
        "doctor.places",
        "doctor.rules",
        "doctor.ages",
        "doctor.policies",
        "doctor.bytecode",
        "doctor.versions",
        "doctor.packages",
        "doctor.audit",
        *(f"doctor.{room}" for room in DOCTOR),
        "screen",
        "verbs",
        "usage",
        "commands",
    ),
    *(f"commands.{room}" for room in COMMANDS),
    *("welcome", "__main__"),
)


def module(room: str) -> ast.Module:
    """The parsed source of a room."""
    path = ROOT / "extension" / room.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def imported(room: str) -> set[str]:
    """Rooms that a room imports, at the top or inside a function."""
    found = set()
    for node in ast.walk(module(room)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "extension":
            package = node.module.removeprefix("extension").strip(".")
            names = {f"{package}.{alias.name}".strip(".") for alias in node.names}
            found |= {name if name in ROOMS else package for name in names}
    return found - {"", room}


def outside(room: str) -> set[str]:
    """What a room imports from elsewhere."""
    nodes = [*ast.walk(module(room))]
    names = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {name for name in names if not name.startswith("extension.")}


def test_every_module_is_a_room() -> None:
    files = (path.relative_to(ROOT / "extension").with_suffix("") for path in (ROOT / "extension").rglob("*.py"))
    names = {".".join(file.parts).removesuffix("__init__").rstrip(".") for file in files}
    assert names - {""} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_rooms_above_it(room: str) -> None:
    assert imported(room) <= set(ROOMS[: ROOMS.index(room)])


def test_the_rule_can_fail() -> None:
    assert imported("pipeline") >= {"edges", "events", "envelopes"}
    assert imported("sql") == {"sql.facts", "sql.reading"}


def test_the_grammars_are_loaded_where_sql_is_read_and_nowhere_else() -> None:
    """They take a tenth of a second, and most events need none."""
    loading = {room for room in ROOMS if any(name.partition(".")[0] == "sqlglot" for name in outside(room))}
    assert loading
    assert loading <= {f"sql.{room}" for room in SQL}


def test_a_link_costs_a_verdict_next_to_nothing() -> None:
    assert outside("links") == {"base64", "datetime", "enum", "hashlib", "hmac", "re"}
    assert imported("links") == set()


@pytest.mark.parametrize("room", [room for room in ROOMS if room.startswith("pages")])
def test_a_page_cannot_post(room: str) -> None:
    """Nor can it by what it imports, but for what stands in the rooms that judge."""
    allowed = {"catalogue", "checks", "deliveries", "errors", "links", "records", "rules", "settings", "sql.facts"}
    allowed |= {"replay", "stores", "titles", "verdict", *(room for room in ROOMS if room.startswith("pages"))}
    assert imported(room) <= allowed


@pytest.mark.parametrize("room", [room for room in ROOMS if room.startswith("checks")])
def test_checks_do_no_io(room: str) -> None:
    allowed = {"collections.abc", "datetime", "re", "typing", "msgspec", "extension", "extension.checks"}
    allowed |= {"enum", "functools", "importlib", "inspect"} if room == "checks" else set()
    assert outside(room) - allowed == set()


@pytest.mark.parametrize("room", ROOMS)
def test_whatever_is_raised_is_caught_where_somebody_elses_code_runs_and_nowhere_else(room: str) -> None:
    handlers = [node for node in ast.walk(module(room)) if isinstance(node, ast.ExceptHandler)]
    names = [set(re.findall(r"\w+", ast.unparse(node.type))) for node in handlers if node.type]
    broad = [each for each in names if each & {"Exception", "BaseException"}]
    allowed = {"light": 1, "overtime": 2, "pipeline": 2, "recorder": 1, "sdk": 1, "storage": 3, "stores.database": 1}
    allowed |= {"service": 1, "doctor.examination": 1}  # a set-up that nobody foresaw is told of as the others are
    assert len(broad) == allowed.get(room, 0)
    assert not [node for node in handlers if node.type is None]
