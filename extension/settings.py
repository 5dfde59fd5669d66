"""What a check's settings are made of, and how the words of a policy become them.

Each type has `read`, which takes the plain value of the policy and raises ValueError with what it expected and found.
"""

import fnmatch
import re
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

    _FORM = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,9}))? ?(B|[kKMGT]B|[KMGT]iB)")
    _POWERS = " KMGT"

    text: str
    """The size as the policy writes it."""

    FORM: ClassVar[str] = "size"

    @classmethod
    def schema(cls) -> dict[str, object]:
        """What `read` takes, as JSON Schema."""
        return {"type": ["integer", "string"], "minimum": 0, "pattern": f"^{cls._FORM.pattern}$"}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a size; a fraction must come out at whole bytes."""
        if type(value) is int and value >= 0:
            size, text = value, f"{value:,} B"
        elif isinstance(value, str) and (match := cls._FORM.fullmatch(value)):
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


class Names:
    """Names or ids, compared without regard to case; `*` stands for any characters, also dots, and `?` for one."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._exact = frozenset(self._fold(name) for name in names)
        patterns = [
            fnmatch.translate(self._fold(name).replace("[", "[[]")) for name in names if "*" in name or "?" in name
        ]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

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
        return folded in self._exact or bool(self._pattern and self._pattern.match(folded))


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
        return re.sub("[ _-]+", "", super()._fold(name))


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

    try:
        network = ip_network(text if isinstance(text, str) else "", strict=False)
    except ValueError as error:
        raise ValueError(f"expected networks such as 10.0.0.0/8 or 2001:db8::/32, found {plain(text)}") from error
    if network.network_address != ip_network(str(text).partition("/")[0]).network_address:
        raise ValueError(f"{text} has host bits set; did you mean {network}?")
    return network


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


class Flag(int):
    """true or false. A kind of whole number, since nothing can be a kind of truth value."""

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
