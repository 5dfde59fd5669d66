"""What a check's settings are made of, and how the words of a policy become them.

Each type has `read`, which takes the plain value of the policy and raises ValueError with what it expected and found.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, get_args

import msgspec

from extension.verdict import casefold

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

MAX_PATTERN_CHARS = 1000
"""Longest pattern or name that a policy may hold."""


class Count(int):
    """A whole number, 0 or more."""

    FORM: ClassVar[str] = "whole number"

    @classmethod
    def schema(cls) -> dict[str, object]:
        """What `read` takes, as JSON Schema."""
        return {"type": "integer", "minimum": 0}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a number; text is refused, also where it looks like one."""
        if type(value) is int and value >= 0:
            return cls(value)
        hint = ": write digits only, without quotes" if isinstance(value, str) else ""
        raise ValueError(f"expected a whole number of at least 0, found {plain(value)}{hint}")

    def __str__(self) -> str:
        """The number with separators."""
        return f"{int(self):,}"


class Size(int):
    """Bytes, written as a number or with a unit: `10MB` is 10,000,000 bytes, `1GiB` is 1,073,741,824."""

    _FORM = r"([0-9]{1,15})(?:\.([0-9]{1,9}))? ?(B|[kKMGT]B|[KMGT]iB)"
    _POWERS = " KMGT"

    text: str
    """The size as the policy writes it."""

    FORM: ClassVar[str] = "size"

    @classmethod
    def schema(cls) -> dict[str, object]:
        """What `read` takes, as JSON Schema."""
        return {"type": ["integer", "string"], "minimum": 0, "pattern": f"^{cls._FORM}$"}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a size; a fraction must come out at whole bytes."""
        if type(value) is int and value >= 0:
            size, text = value, f"{value:,} B"
        elif isinstance(value, str) and (match := re.fullmatch(cls._FORM, value)):
            whole, fraction, unit = match.groups(default="")
            base = 1024 if "i" in unit else 1000
            size, rest = divmod(
                int(whole + fraction) * base ** cls._POWERS.index(unit[0].upper().replace("B", " ")),
                10 ** len(fraction),
            )
            if rest:
                raise ValueError(f"expected whole bytes, found {value!r}")
            text = f"{whole}{'.' * bool(fraction)}{fraction} {unit}"
        else:
            raise ValueError(f"expected bytes or a size such as 10MB or 1GiB, found {plain(value)}")
        self = cls(size)
        self.text = text
        return self

    def __str__(self) -> str:
        """The size as the policy writes it, with a space before the unit."""
        return self.text


def bytes_text(count: int) -> str:
    """A number of bytes for readers: `10.24 MB (10,241,024 B)`, without the bracket where nothing was rounded."""
    for power, unit in ((4, "TB"), (3, "GB"), (2, "MB"), (1, "kB")):
        if count >= 1000**power:
            hundredths = (count * 100 + 1000**power // 2) // 1000**power  # whole numbers: a float overflows
            amount = f"{hundredths // 100:,}.{hundredths % 100:02}".rstrip("0").rstrip(".")
            exact = count * 100 % 1000**power == 0
            return f"{amount} {unit}" if exact else f"{amount} {unit} ({count:,} B)"
    return f"{count:,} B"


class Glob:
    """A pattern that is compared with a name of which parts are open.

    It is an automaton: bit n of a state says that the first n signs of the pattern can be used up. What a sign of the
    name does to them takes a few operations on whole numbers, however many stars there are.
    """

    def __init__(self, pattern: str) -> None:
        signs = re.sub(r"\*+", "*", pattern)
        self._at = {sign: sum(1 << at for at, each in enumerate(signs) if each == sign) for sign in {*signs, *"*?."}}
        self._end = 1 << len(signs)

    def match(self, name: str) -> bool | None:
        """Whether it matches whatever `name` can be (True), nothing of that (False), or some of it (None).

        Both are in the form in which names are compared, with `ANYTHING` and `ANYTHING_BUT_A_DOT` in the name.
        """
        if len(name) > MAX_PATTERN_CHARS:
            return None
        sure = could = self._closed(1)
        for sign in name:
            if sign in (ANYTHING, ANYTHING_BUT_A_DOT):
                sure = self._closed(sure & self._at["*"])
                could = self._filled(could, but=self._at["."] if sign == ANYTHING_BUT_A_DOT else 0)
            else:
                sure, could = self._after(sure, sign), self._after(could, sign)
        if sure & self._end:
            return True
        return None if could & self._end else False

    def _closed(self, state: int) -> int:
        """With what is reached when stars are used up by nothing."""
        return state | ((state & self._at["*"]) << 1)

    def _after(self, state: int, sign: str) -> int:
        used = state & (self._at.get(sign, 0) | self._at["?"])
        return self._closed((used << 1) | (state & self._at["*"]))

    def _filled(self, state: int, but: int) -> int:
        """With what is reached by any signs, `but` those of the pattern at these places."""
        passed = (self._end - 1) & ~but
        while (further := self._closed(state | ((state & passed) << 1))) != state:
            state = further
        return state


ANYTHING, ANYTHING_BUT_A_DOT = "\0", "\1"
"""What stands in a name for what is not known of it. No name holds them of its own, for they are invisible."""


@cache
def _parameter() -> re.Pattern[str]:
    """A scheduling parameter."""
    return re.compile(r"\$\{[^{}]*\}|(?:\$|@@)\[[^\[\]]*\]|\$\w+")


@cache
def _date() -> re.Pattern[str]:
    """A scheduling parameter that is a date or a time, by its form or by the platform's name for it."""
    return re.compile(
        r"(?:\$|@@)\[.*|\$(?:bizdate|bizmonth|gmtdate|cyctime)"
        r"|\$\{(?:bdp\.system\.)?(?:bizdate|bizmonth|gmtdate|cyctime)\}"
        r"|\$\{(?:yyyy|mm|dd|hh(?:24)?|mi|ss|[0-9 :+*/,_-])+\}"
    )


def parametric(name: str) -> bool:
    """Whether a scheduling parameter stands in a name: `log_${bizdate}`."""
    return ("$" in name or "@@" in name) and _parameter().search(name) is not None


def open_ended(name: str) -> bool:
    """Whether a scheduling parameter stands in a name that is no date: it can be anything."""
    return ANYTHING in _opened(name)


def _opened(name: str) -> str:
    """A name with its parameters open: a date has no dot in it, any other can be anything."""
    dated = _date()
    return _parameter().sub(lambda found: ANYTHING_BUT_A_DOT if dated.fullmatch(found[0]) else ANYTHING, name)


def _forms(table: str) -> tuple[str, ...]:
    """What a table can be called in full.

    A bare name can be in any project. A parameter that is no date can bring a project of its own, so that what stands
    before its part is where the table is looked for without one: `shop.${table}`.
    """
    opened = _opened(table)
    parts = opened.split(".")
    first = next((number for number, part in enumerate(parts) if ANYTHING in part), 0)
    forms = [".".join(parts[number:]) for number in range(first + 1)]
    bare = [f"{ANYTHING}.{opened}"] if len(parts) == 1 else []
    return (*bare, *(form for form in forms if "." in form or ANYTHING in form))


def _either(answers: Iterable[bool | None]) -> bool | None:
    """True where one is, else None where one is."""
    found = set(answers)
    return True if True in found else None if None in found else False


def _agreed(answers: Iterable[bool | None]) -> bool | None:
    """What all say, None where they do not say the same."""
    found = set(answers)
    return found.pop() if len(found) == 1 else None


class Names:
    """Names or ids, compared without regard to case; `*` stands for any characters, also dots, and `?` for one."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._exact = frozenset(map(self._fold, names))
        self._open = any("*" in name or "?" in name for name in names)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """All patterns in one, made when something is looked for that is not written out."""
        from fnmatch import translate  # noqa: PLC0415  only names with patterns among them need it

        folded = [self._fold(name) for name in self.names if "*" in name or "?" in name]
        return re.compile("|".join(translate(name.replace("[", "[[]")) for name in folded))

    FORM: ClassVar[str] = "names"

    @classmethod
    def schema(cls) -> dict[str, object]:
        """What `read` takes, as JSON Schema."""
        item = {"type": ["string", "integer"], "pattern": r"\S", "maxLength": MAX_PATTERN_CHARS}
        return {"type": "array", "items": item, "minItems": 1}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a list of text or whole numbers, at least one."""
        if not isinstance(value, list) or not value:
            raise ValueError(f"expected a list with at least one name in it, found {plain(value)}")
        for name in value:
            if type(name) not in (str, int) or not str(name).strip():
                raise ValueError(f"expected a list of names (text) or ids, found {plain(name)} in it")
            if len(str(name)) > MAX_PATTERN_CHARS:
                raise ValueError(f"expected names of at most {MAX_PATTERN_CHARS} characters, found {plain(name)} in it")
        return cls(tuple(str(name).strip() for name in value))

    @classmethod
    def _fold(cls, name: str) -> str:
        """The form in which names are compared: also full-width letters are letters, and nothing invisible counts."""
        return casefold(name)

    def __contains__(self, name: str) -> bool:
        folded = self._fold(name)
        return folded in self._exact or (self._open and self._pattern.match(folded) is not None)

    def match(self, name: str) -> bool | None:
        """Whether it is one of them; None where a scheduling parameter in it leaves that open."""
        return self._match(self._forms(self._fold(name))) if parametric(name) else name in self

    def which(self, name: str) -> str:
        """What of them a name is, for those who must not see it: itself where it is written out, else the first pattern
        that it is of; `…` for none, and for a name that is too long to tell.
        """
        folded = self._fold(name)
        if folded in self._exact:
            return folded
        forms = self._forms(folded)
        found = (each for each, glob in zip(self.names, self._globs, strict=True) if any(map(glob.match, forms)))
        return next(found, "…")

    @staticmethod
    def _forms(name: str) -> tuple[str, ...]:
        """What a name can be in full."""
        return (_opened(name),)

    def _match(self, forms: Iterable[str]) -> bool | None:
        """Whether what is called in one of several ways is one of them, whichever it is."""
        return _agreed(_either(glob.match(form) for glob in self._globs) for form in forms)

    @cached_property
    def _globs(self) -> tuple[Glob, ...]:
        return tuple(Glob(self._fold(name)) for name in self.names)


class Numbers(Names):
    """Ids that are numbers, or patterns of them. A name would never match, nor a number with zeros in front."""

    FORM: ClassVar[str] = "ids"
    WHAT: ClassVar[str] = "ids"
    _NUMBER: ClassVar[str] = "0|[1-9][0-9]*|[0-9]*[*?][0-9*?]*"

    @classmethod
    def schema(cls) -> dict[str, object]:
        """What `read` takes, as JSON Schema."""
        item = {"type": ["string", "integer"], "pattern": rf"^\s*({cls._NUMBER})\s*$", "minimum": 0}
        return {"type": "array", "items": item, "minItems": 1}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a list of ids."""
        names = super().read(value)
        for name in names.names:
            if not re.fullmatch(cls._NUMBER, name):
                digits = "digits, no zeros in front" if re.fullmatch("[0-9]+", name) else "digits"
                raise ValueError(f"expected {cls.WHAT} ({digits}), found {plain(name)} in it")
        return names


class Ids(Numbers):
    """Ids of users: digits, or a pattern. A login name would never match, for no event has one."""

    FORM: ClassVar[str] = "user ids"
    WHAT: ClassVar[str] = "ids of users"


class WorkspaceIds(Numbers):
    """Ids of workspaces: digits, or a pattern. A name would never match, for hardly an event has one."""

    FORM: ClassVar[str] = "workspace ids"
    WHAT: ClassVar[str] = "ids of workspaces"


class Guids(Names):
    """GUIDs of tables as the platform documents them, or patterns of them; a table's other names would never match.

    They are odps.project.table, emr_hive.cluster.schema.table and holo.instance.database. What the platform adds can be
    named by a pattern that leaves the first part open: `*.finance.ledger`.
    """

    FORM: ClassVar[str] = "table GUIDs"
    ENGINES: ClassVar[tuple[str, ...]] = ("odps", "emr_hive", "holo")

    @classmethod
    def schema(cls) -> dict[str, object]:
        """What `read` takes, as JSON Schema."""
        form = r"^\s*([Oo][Dd][Pp][Ss]|[Ee][Mm][Rr]_[Hh][Ii][Vv][Ee]|[Hh][Oo][Ll][Oo])[.]|^[^.]*[*?]"
        return {"type": "array", "items": {"type": "string", "pattern": form}, "minItems": 1}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a list of GUIDs."""
        names = super().read(value)
        for name in names.names:
            engine, _, rest = casefold(name).partition(".")
            open_ended = bool({"*", "?"} & set(name))
            whole = engine in cls.ENGINES and (open_ended or rest.count(".") >= 1)
            if not whole and not {"*", "?"} & set(engine):
                bare = re.fullmatch("[^.]+[.][^.]+", name) and engine not in cls.ENGINES
                hint = f"; did you mean odps.{name}?" if bare else ""
                raise ValueError(
                    f"expected GUIDs such as odps.project.table or *.table, found {plain(name)} in it{hint}"
                )
        return names


class Tables(Names):
    """Tables by the fullest name that an event gives, or patterns; the bare name of a table would never match."""

    FORM: ClassVar[str] = "tables"

    @classmethod
    def schema(cls) -> dict[str, object]:
        """What `read` takes, as JSON Schema."""
        return {"type": "array", "items": {"type": "string", "pattern": "[.*]"}, "minItems": 1}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a list of tables."""
        names = super().read(value)
        for name in names.names:
            if "." not in name and "*" not in name:
                raise ValueError(f"expected tables such as odps.project.table or *.table, found {plain(name)} in it")
        return names


class TableNames(Names):
    """Tables as SQL names them: project.table (elsewhere schema.table or database.table), or patterns of that.

    A schema stands between project and table. A bare name would never match: `*.salary` is that table in any project.
    A scheduling parameter in a name of the SQL can be anything; one that is a date (`${bizdate}`, `$[yyyymmdd]`) has no
    dot in it.
    """

    FORM: ClassVar[str] = "table names"
    _DOTS: ClassVar[int] = 1
    _SUCH: ClassVar[str] = "tables such as project.table, project.* or *.table"

    @classmethod
    def schema(cls) -> dict[str, object]:
        """What `read` takes, as JSON Schema."""
        dots = rf"^\s*[*]|[.].*[*]|[*].*[.]|([.].*){{{cls._DOTS}}}"
        item = {"type": "string", "pattern": dots, "maxLength": MAX_PATTERN_CHARS}
        return {"type": "array", "items": item, "minItems": 1}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a list of names. GUIDs, which begin with the engine, would never match either.

        `phone*` would be whatever is in projects that begin so, which nobody means.
        """
        names = super().read(value)
        for name in names.names:
            dots, opened = name.count("."), "*" in name
            if dots < (1 if opened else cls._DOTS) and not name.startswith("*"):
                raise ValueError(f"expected {cls._SUCH}, found {plain(name)} in it; did you mean *.{name}?")
            if casefold(name).startswith("odps.") and (opened or dots > cls._DOTS):
                raise ValueError(f"expected {cls._SUCH}, found {plain(name)} in it; leave odps. out")
        return names

    def match(self, name: str) -> bool | None:
        """Whether a table is one of them; None where its project is not known or a parameter in its name leaves it
        open.
        """
        folded = self._fold(name)
        return folded in self if _whole(folded) else self._match(self._forms(folded))

    @staticmethod
    def _forms(name: str) -> tuple[str, ...]:
        """What a table can be called in full."""
        return _forms(name)


def _whole(table: str) -> bool:
    """Whether all is known of the name of a table."""
    return "." in table and not parametric(table)


class ColumnNames(TableNames):
    """Columns as project.table.column, or patterns of that: `*.phone` is that column in any table."""

    FORM: ClassVar[str] = "column names in full"
    _DOTS: ClassVar[int] = 2
    _SUCH: ClassVar[str] = "columns such as project.table.column, project.table.* or *.column"

    def holds(self, table: str, column: str) -> bool | None:
        """Whether a column of a table is one of them; None where the name of one of the two leaves it open."""
        table, column = self._fold(table), self._fold(column)
        if _whole(table) and not parametric(column):
            return f"{table}.{column}" in self
        if _date().fullmatch(column):
            return False  # the date itself, and no column
        names = [f"{form}.{_opened(column)}" for form in _forms(table)]
        return self._match(names)

    def over(self, table: str) -> Iterator[tuple[str, str, bool | None]]:
        """Those that a table can have: the pattern, what it leaves of the column's name, and whether it surely is for
        this table (True) or may be (None).

        A dot between table and column is the pattern's last one, or hidden in a star or a question mark behind it.
        """
        forms = _forms(self._fold(table))
        for pattern, of_table, column in self._parted:
            found = _agreed(map(of_table.match, forms))
            if found is not False:
                yield pattern, column, found

    @cached_property
    def _parted(self) -> tuple[tuple[str, Glob, str], ...]:
        """Each pattern, with a pattern of the table and one of the column, in every way in which it falls apart."""
        found = []
        for name in self.names:
            folded = self._fold(name)
            for at, sign in enumerate(folded):
                if sign in ".*?" and at >= folded.rfind("."):
                    star = sign == "*"
                    found.append((name, Glob(folded[: at + star]), folded[at + (not star) :]))
        return tuple(found)


_JOINED = str.maketrans("", "", " _-")


class Known(Names):
    """Names of a documented set, compared without regard to space, `_` and `-` either.

    Another name would most likely be a slip that never matches, so it is refused; a pattern with `*` can name what the
    platform adds to the set.
    """

    KNOWN: ClassVar[tuple[str, ...]]

    @classmethod
    def schema(cls) -> dict[str, object]:
        """What `read` takes, as JSON Schema: the set, as examples, for names are compared leniently."""
        return {**super().schema(), "items": {"type": "string", "examples": list(cls.KNOWN)}}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a list of names of the set."""
        names = super().read(value)
        known = {cls._fold(name) for name in cls.KNOWN}
        for name in names.names:
            if not {"*", "?"} & set(name) and cls._fold(name) not in known:
                raise ValueError(f"expected {', '.join(cls.KNOWN)}, or a pattern with *, found {plain(name)} in it")
        return names

    @classmethod
    def _fold(cls, name: str) -> str:
        return super()._fold(name).translate(_JOINED)


class Networks:
    """Addresses and networks in CIDR form, IPv4 and IPv6. An IPv4 address is also looked for as ::ffff:192.0.2.1."""

    def __init__(self, networks: tuple[object, ...]) -> None:
        self._networks = tuple(_network(network) for network in networks)

    FORM: ClassVar[str] = "networks"

    @classmethod
    def schema(cls) -> dict[str, object]:
        """What `read` takes, as JSON Schema."""
        return {"type": "array", "items": {"type": "string"}, "minItems": 1}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a list of networks, at least one."""
        if not isinstance(value, list) or not value:
            raise ValueError(f"expected a list of networks such as 10.0.0.0/8 or 2001:db8::/32, found {plain(value)}")
        return cls(tuple(value))

    def __contains__(self, address: "IPv4Address | IPv6Address") -> bool:
        from ipaddress import IPv6Address  # noqa: PLC0415  loaded already

        forms = (address, IPv6Address(f"::ffff:{address}")) if address.version == 4 else (address,)  # noqa: PLR2004  IPv4
        return any(form in network for network in self._networks for form in forms)


def _network(text: object) -> "IPv4Network | IPv6Network":
    """The network that `text` is. Raises ValueError."""
    from ipaddress import ip_network  # noqa: PLC0415  3 ms that only a rule about addresses has to pay

    given = text if isinstance(text, str) else ""
    try:
        return ip_network(given)
    except ValueError as error:
        problem = f"expected networks such as 10.0.0.0/8 or 2001:db8::/32, found {plain(text)}"
        try:
            network = ip_network(given, strict=False)
        except ValueError:
            raise ValueError(problem) from error
        raise ValueError(f"{text} has host bits set; did you mean {network}?") from error


def address(text: str) -> "IPv4Address | IPv6Address | None":
    """The address that `text` is, None for none; IPv4 written as IPv6 (`::ffff:192.0.2.1`) is taken as IPv4."""
    from ipaddress import ip_address  # noqa: PLC0415  3 ms that only a rule about addresses has to pay

    try:
        found = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


class Pattern:
    """A regular expression in RE2's syntax, which takes time linear in the text whatever the pattern."""

    def __init__(self, pattern: str) -> None:
        import re2  # noqa: PLC0415  5 ms that only a rule with a pattern has to pay

        options = re2.Options()
        options.log_errors = False
        self.pattern = pattern
        try:
            self._pattern = re2.compile(pattern, options)
        except re2.error as error:
            message = error.args[0]
            problem = message.decode() if isinstance(message, bytes) else message
            raise ValueError(f"expected a regular expression (RE2 syntax): {problem}") from error

    FORM: ClassVar[str] = "regular expression"

    @classmethod
    def schema(cls) -> dict[str, object]:
        """What `read` takes, as JSON Schema."""
        return {"type": "string", "minLength": 1, "maxLength": MAX_PATTERN_CHARS}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a regular expression."""
        if not isinstance(value, str) or not value or len(value) > MAX_PATTERN_CHARS:
            raise ValueError(
                f"expected a regular expression of at most {MAX_PATTERN_CHARS} characters, found {plain(value)}"
            )
        return cls(value)

    def matches(self, text: str) -> bool:
        """Whether the whole of `text` is of the pattern."""
        return self._pattern.fullmatch(text) is not None

    def found_in(self, text: str) -> bool:
        """Whether anything in `text` is of the pattern."""
        return self._pattern.search(text) is not None

    def __str__(self) -> str:
        """The pattern as the policy writes it."""
        return self.pattern


class Flag(int):  # nothing can be a kind of bool
    """true or false, without quotes."""

    FORM: ClassVar[str] = "true or false"

    @classmethod
    def schema(cls) -> dict[str, object]:
        """What `read` takes, as JSON Schema."""
        return {"type": "boolean"}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a truth value; YAML 1.2 has no other words for it."""
        if type(value) is not bool:
            raise ValueError(f"expected true or false, found {plain(value)}")
        return cls(value)


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of checks that have none."""


class Maximum(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of checks that count."""

    max: Count
    """Most that is allowed."""


class MaximumSize(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of checks that weigh."""

    max: Size
    """Most that is allowed, in bytes or with a unit: 10MB, 1GiB."""


L = TypeVar("L", bound=Names | Networks)


class Listed(msgspec.Struct, Generic[L], frozen=True, kw_only=True):
    """Settings of checks that compare with a list. `deny` is stronger than `allow`."""

    allow: L | None = None
    """Only these are allowed."""
    deny: L | None = None
    """These are not allowed."""

    def __post_init__(self) -> None:
        """Refuse settings that could never hit."""
        if self.allow is None and self.deny is None:
            raise ValueError("expected allow, deny or both, found neither")


class Protected(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of checks that forbid something altogether, or for some tables."""

    allow: Guids | None = None
    """Allowed for these."""
    deny: Guids | None = None
    """Not allowed for these; without `allow` and `deny`, for none."""


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of checks on the form of a name."""

    pattern: Pattern
    """Regular expression (RE2) that the whole name must match."""


def kind_of(field: msgspec.structs.FieldInfo) -> Any:  # noqa: ANN401  a setting type
    """The setting type of a field: one of the types above, or one like them, whether it may be None or not."""
    return next((one for one in get_args(field.type) if one is not NoneType), field.type)


def read(field: msgspec.structs.FieldInfo, value: object) -> Any:  # noqa: ANN401  what it is, is known at run time only
    """Read `value` as the type of `field`, the field of a settings struct. Raises ValueError."""
    return kind_of(field).read(value)


def offered(field: msgspec.structs.FieldInfo, value: object) -> Any:  # noqa: ANN401  as `read`
    """Read `value` as a console option gives it: as `read`, and text also as the number, flag or list in it.

    The components of the console give text, or lists of text; how a multiple choice is stored is unverified. Raises
    ValueError.
    """
    try:
        return read(field, value)
    except ValueError:
        array = kind_of(field).schema()["type"] == "array"
        if array and type(value) is int:
            return read(field, [value])
        if not isinstance(value, str):
            raise
        text = value.strip()
        if array:
            return read(field, _listed(text) if text.startswith("[") else _parts(text))
        if re.fullmatch("[0-9]{1,18}", text):
            return read(field, int(text))
        if text.lower() in ("true", "false"):
            return read(field, text.lower() == "true")
        raise


def _listed(text: str) -> object:
    """The list that is JSON in a text. Raises ValueError."""
    try:
        return msgspec.json.decode(text)
    except RecursionError:
        raise ValueError("expected a list, found one that is nested too deeply") from None


def _parts(text: str) -> list[str]:
    return [part.strip() for part in re.split("[,\n，、;；]", text) if part.strip()]


def plain(value: object) -> str:
    """A value of a policy as an error shows it: short, on one line, with its kind where that is not plain to see."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, bool):
        return str(value).lower()
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:59]}…"  # noqa: PLR2004  a line's worth
