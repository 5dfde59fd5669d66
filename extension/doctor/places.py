"""Where the rules of a policy are written: file and line of each, and of its keys."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import msgspec

from extension import storage, tree
from extension.errors import Fault
from extension.tree import Tree


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a rule is written."""

    file: Path
    line: int
    keys: Mapping[str, int]
    """Line of each of its keys."""

    def line_of(self, key: str) -> int:
        """Line of a key such as `exempt[1].until`, of the first part of it; that of the rule where it does not say."""
        return self.keys.get(key.partition("[")[0].partition(".")[0], self.line)

    def about(self, rule: str, problem: str, key: str = "") -> str:
        """One line that names file, rule and key, in the form that editors make a link of."""
        return Fault(problem, line=self.line_of(key), rule=rule, key=key).at(storage.name_of(self.file))


def of_rules(path: Path) -> Mapping[str, Place]:
    """Place of each rule of a policy that validates, by the rule's id."""
    found: dict[str, Place] = {}
    for file in storage.files_of(path):
        rules = tree.load(file.read_bytes(), storage.name_of(file)).get("rules")
        for rule in cast("list[Tree]", rules or []):
            found[str(rule["id"])] = Place(file=file, line=rule.line, keys=rule.lines)
    return found
