"""Checks on code that is about to be committed, deployed, run or deleted.

Name, owner and type of a file are in the message; its code is asked of the platform before, and is neither logged nor
shown. A type is a number: https://help.aliyun.com/en/dataworks/api-listfiletype
"""

import re
from collections.abc import Iterable, Iterator
from typing import Self

import msgspec

from extension import queries
from extension.checks import Need, row
from extension.checks.lists import compare, few, of_types
from extension.events import Event, Fact, Unknown, had
from extension.payloads import FileOperation
from extension.settings import Listed, MaximumSize, Names, Nothing, Pattern, bytes_text, plain
from extension.verdict import Finding, Text, casefold, hit, unread

FILE_TYPES = {
    6: "Shell",
    10: "ODPS SQL",
    11: "ODPS MR",
    24: "ODPS Script",
    99: "Virtual (zero load)",
    221: "PyODPS 2",
    225: "ODPS Spark",
    227: "EMR Hive",
    228: "EMR Spark",
    229: "EMR Spark SQL",
    230: "EMR MR",
    239: "OSS object check",
    257: "EMR Shell",
    258: "EMR Spark Shell",
    259: "EMR Presto",
    260: "EMR Impala",
    900: "Real-time sync",
    1089: "Cross-tenant collaboration",
    1091: "Hologres development",
    1093: "Hologres SQL",
    1100: "Assignment",
    1221: "PyODPS 3",
}
"""Names of the documented types of files; the platform has more (ListFileType)."""


class FileTypes(Names):
    """Types of files, by number or by documented name; held as numbers.

    A name is compared without regard to case, space, `_` and `-`. A number that is not documented is taken, since the
    platform has more types than it documents; a name would never match.
    """

    FORM = "file types"

    @classmethod
    def schema(cls) -> dict[str, object]:
        """What `read` takes, as JSON Schema: the documented names, as examples, for they are compared leniently."""
        item = {"type": ["string", "integer"], "examples": list(FILE_TYPES.values())}
        return {"type": "array", "items": item, "minItems": 1}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a list of numbers and names."""
        return cls(tuple(cls._number(name) for name in super().read(value).names))

    @classmethod
    def _number(cls, name: str) -> str:
        if re.fullmatch("[0-9]{1,18}", name):
            return str(int(name))
        found = _letters(name)
        for number, known in FILE_TYPES.items():
            if _letters(known) == found:
                return str(number)
        close = [
            known for known in FILE_TYPES.values() if _letters(known) in found or (found and found in _letters(known))
        ]
        names = ", ".join(close or FILE_TYPES.values())
        raise ValueError(f"expected file types by number or by name ({names}), found {plain(name)} in it")


def _letters(name: str) -> str:
    return re.sub("[ _()-]+", "", casefold(name))


class NamedFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of `file.name`."""

    pattern: Pattern
    """Regular expression (RE2) that the whole name must match."""
    types: FileTypes | None = None
    """Types of files that it is for, by number or name; without it, all."""


class BannedFunctions(Names):
    """Names of functions, without what they belong to and without brackets; `*` stands for any characters."""

    FORM = "function names"

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a list of names. One with a dot or a bracket in it would never match."""
        names = super().read(value)
        for name in names.names:
            if not re.fullmatch(r"[\w*?]+", casefold(name)):
                raise ValueError(f"expected names of functions such as MAX_PT or GET_*, found {plain(name)} in it")
        return names


class Banned(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of `file.functions`."""

    deny: BannedFunctions
    """Names of functions that are not allowed, or patterns with `*`."""
    types: FileTypes | None = None
    """Types of files that it is for, by number or name; without it, all."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of `file.content`."""

    require: Pattern | None = None
    """Regular expression (RE2) that must match somewhere in the code: (?i) for any case, (?m) for ^ and $ at lines."""
    forbid: Pattern | None = None
    """Regular expression (RE2) that must match nowhere in the code."""
    types: FileTypes | None = None
    """Types of files that it is for, by number or name; without it, all."""

    def __post_init__(self) -> None:
        """Refuse settings that could never hit."""
        if self.require is None and self.forbid is None:
            raise ValueError("expected require, forbid or both, found neither")


FILE_NAME_REFUSED = Text(
    en='The name of the file "{file}" is not of the form {pattern}. Rename the file.',
    zh="文件名“{file}”不符合规定的格式 {pattern}。请修改文件名。",
)


def file_name(event: Event[FileOperation], settings: NamedFiles) -> Iterator[Finding]:
    """Name of a file, where it is of one of `types`: all of it matches `pattern`.

    A name that says layer, subject and period is how others find a file; one rule for each type or group of types.

    Passes: {fileName: dwd_orders_di, fileType: 10} with {pattern: '(ods|dwd|ads)_[a-z_]+_(di|df)', types: [ODPS SQL]}
    Hits: {fileName: test1, fileType: 10} with {pattern: '(ods|dwd|ads)_[a-z_]+_(di|df)', types: [ODPS SQL]}
    """
    yield from of_types(settings.types, event.payload.file_type, _name(event.payload.file_name, settings.pattern))


def _name(name: Fact[str], pattern: Pattern) -> Iterator[Finding]:
    if isinstance(name, Unknown):
        yield unread(name)
    elif not pattern.matches(name):
        yield hit(FILE_NAME_REFUSED, file=name, pattern=pattern)


FILE_OWNER_REFUSED = Text(
    en='The file "{file}" belongs to another user ({owner}). Ask that user to do it, or to make you the owner.',
    zh="文件“{file}”的责任人是其他用户（{owner}）。请由该责任人操作，或请其将您设为责任人。",
)


def file_owner(event: Event[FileOperation], settings: Nothing) -> Iterator[Finding]:  # noqa: ARG001  it has none
    """Owner of a file: the user who commits, deploys, runs or deletes it.

    Who answers for a file should be the one who changes it.

    Passes: {operator: "1", fileOwner: "1", fileName: dwd_orders_di} with {}
    Hits: {operator: "1", fileOwner: "2", fileName: dwd_orders_di} with {}
    """
    owner = event.payload.file_owner
    if isinstance(owner, Unknown):
        yield unread(owner)
    elif isinstance(event.operator, Unknown):
        yield unread(event.operator)
    elif casefold(owner) not in map(casefold, event.operators):
        yield hit(FILE_OWNER_REFUSED, file=_file(event), owner=owner)


FILE_TYPE_REFUSED = Text(
    en='Files of the type "{type}" are not allowed here. Use an allowed type, or ask the owner of the extension.',
    zh="不允许使用类型为“{type}”的文件。请改用允许的类型，或联系扩展程序负责人。",
)


def file_type(event: Event[FileOperation], settings: Listed[FileTypes]) -> Iterator[Finding]:
    """Type of a file (`fileType`), by number or by name.

    Shell and free Python can do what no rule on SQL sees.

    Passes: {fileType: 10} with {deny: [Shell, 257]}
    Hits: {fileType: 6} with {deny: [Shell, 257]}
    """
    kind = event.payload.file_type
    if isinstance(kind, Unknown):
        yield unread(kind)
    else:
        names = [FILE_TYPES[kind]] if kind in FILE_TYPES else []
        yield from compare(settings, FILE_TYPE_REFUSED, "type", *names, str(kind))


FUNCTIONS_REFUSED = Text(
    en='The code of "{file}" calls banned functions: {functions} (calls: {count}; lines: {lines}). Remove the calls and'
    " try again.",
    zh="文件“{file}”的代码调用了禁用的函数：{functions}（共 {count} 处，位于第 {lines} 行）。请移除这些调用后重试。",
)


def file_functions(event: Event[FileOperation], settings: Banned) -> Iterator[Finding]:
    """Functions that the code calls: none of `deny`.

    MAX_PT reads whichever partition is the newest, so that a rerun of an old date reads today's data:
    https://www.alibabacloud.com/help/en/dataworks/user-guide/best-practices-for-prohibiting-the-use-of-the-max-pt-function

    A call is the name and an opening bracket, in any case, also in backquotes or behind `db.`. Comments and, in SQL,
    text in quotes do not count; text in Python and Shell does, since SQL is run from there. The code of other types,
    and all that follows something that engines read in different ways, counts as it stands. Not seen is what is put
    together when the code runs: by parameters, by `"max" + "_pt"`, inside another function. Calls are named by the
    function, in lower case, and by the line; where it is not clear what is text, by the pattern that they match.

    Passes: {fileName: dwd_a, fileType: 10, Content: "select 1 -- not max_pt('t')"} with {deny: [MAX_PT]}
    Hits: {fileName: dwd_a, fileType: 10, Content: "select * from t where ds = max_pt('t')"} with {deny: [MAX_PT]}
    """
    yield from of_types(settings.types, event.payload.file_type, _functions(event, settings.deny))


_REMEMBERED = 1000
"""Calls that the functions and lines of a finding are taken from; all are counted."""


def _functions(event: Event[FileOperation], deny: BannedFunctions) -> Iterator[Finding]:
    calls = _calls_of(event)
    if isinstance(calls, Unknown):
        yield unread(calls)
        return
    count, functions, lines = 0, dict[str, None](), dict[str, None]()
    banned: dict[str, bool] = {}
    for line, function, sure in calls:
        if function not in banned:
            banned[function] = function in deny
        if banned[function]:
            count += 1
            if count <= _REMEMBERED:
                functions[function if sure else deny.which(function)] = lines[str(line)] = None
    if count:
        yield hit(FUNCTIONS_REFUSED, file=_file(event), functions=few(functions), count=count, lines=few(lines))


CONTENT_REQUIRED = Text(
    en='The code of "{file}" has nothing in it that matches {pattern}. Add what is required and try again.',
    zh="文件“{file}”的代码中没有与 {pattern} 匹配的内容。请补充所要求的内容后重试。",
)
CONTENT_FORBIDDEN = Text(
    en='The code of "{file}" has something in it that matches {pattern}, which is banned. Remove it and try again.',
    zh="文件“{file}”的代码中有与 {pattern} 匹配的内容，这是不允许的。请移除后重试。",
)


def file_content(event: Event[FileOperation], settings: Content) -> Iterator[Finding]:
    """What the code says: `require` matches somewhere in it, `forbid` nowhere.

    A header that names author and purpose can be asked for; host names and keys can be kept out. The code is searched
    as it stands, with its comments.

    Passes: {fileName: dwd_a, fileType: 10, Content: "-- author: li"} with {require: '(?m)^-- *author:', forbid: 'LTAI[0-9A-Za-z]{12}'}
    Hits: {fileName: dwd_a, fileType: 10, Content: "select 1"} with {require: '(?m)^-- *author:', forbid: 'LTAI[0-9A-Za-z]{12}'}
    """
    yield from of_types(settings.types, event.payload.file_type, _content(event, settings))


def _content(event: Event[FileOperation], settings: Content) -> Iterator[Finding]:
    code = had(event.file).content
    if isinstance(code, Unknown):
        yield unread(code)
        return
    if settings.require and not settings.require.found_in(code):
        yield hit(CONTENT_REQUIRED, file=_file(event), pattern=settings.require)
    if settings.forbid and settings.forbid.found_in(code):
        yield hit(CONTENT_FORBIDDEN, file=_file(event), pattern=settings.forbid)


FILE_TOO_LARGE = Text(
    en='The code of "{file}" is {size}; at most {max} is allowed. Split the file.',
    zh="文件“{file}”的代码大小为 {size}，上限为 {max}。请拆分文件。",
)


def file_size(event: Event[FileOperation], settings: MaximumSize) -> Iterator[Finding]:
    """Size of the code in UTF-8: at most `max`.

    Code that nobody can read through is code that nobody reviews.

    Passes: {fileName: dwd_a, Content: "select 1"} with {max: 8}
    Hits: {fileName: dwd_a, Content: "select 10"} with {max: 8}
    """
    code = had(event.file).content
    size = (
        event.code_facts.size_bytes if event.code_facts else code if isinstance(code, Unknown) else len(code.encode())
    )
    if isinstance(size, Unknown):
        yield unread(size)
    elif size > settings.max:
        yield hit(FILE_TOO_LARGE, file=_file(event), size=bytes_text(size), max=settings.max)


def _file(event: Event[FileOperation]) -> str:
    """Name of the file for a finding."""
    name = event.payload.file_name
    return "?" if isinstance(name, Unknown) else name


def _calls_of(event: Event[FileOperation]) -> Fact[Iterable[tuple[int, str, bool]]]:
    """The calls in the code of a file, as `queries.calls` has them; of a record, those that it holds."""
    code = had(event.file).content
    if not isinstance(code, Unknown):
        return queries.calls(code, event.payload)
    if event.code_facts is None or event.code_facts.calls is None:
        return code
    return ((line, function, True) for line, function in event.code_facts.calls)


_FILE = ("commit-file", "deploy-file", "run-file", "delete-file")

# A table, one check a line.
# fmt: off
CHECKS = (
    row("file.name", file_name, NamedFiles, _FILE, FILE_NAME_REFUSED),
    row("file.owner", file_owner, Nothing, _FILE, FILE_OWNER_REFUSED),
    row("file.type", file_type, Listed[FileTypes], _FILE, FILE_TYPE_REFUSED),
    row("file.functions", file_functions, Banned, _FILE, FUNCTIONS_REFUSED, needs=Need.FILE),
    row("file.content", file_content, Content, _FILE, CONTENT_REQUIRED, CONTENT_FORBIDDEN, needs=Need.FILE),
    row("file.size", file_size, MaximumSize, _FILE, FILE_TOO_LARGE, needs=Need.FILE),
)
# fmt: on
