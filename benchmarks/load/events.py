"""What is sent: events of several kinds in both envelopes, each with the verdict that it has to get.

Under the policy here a verdict is the same whether or not DataWorks answers what rules ask: each rule that asks hits,
and gives the same where it has no answer. So every other verdict is a mistake. (Where a policy tells those apart, an
event that two instances are given can get both, if a question fails for one of them: no instance knows of the other.)
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from extension.storage import ROOT
from extension.verdict import Result

WORKSPACES = 200
"""Events are of so many workspaces, in turns: more than the instances keep the members of."""

POLICY = """\
version: 1
language: en
sql: {projects: {"*": shop}}
rules:
  - {id: rows, on: resources-download, check: download.rows, with: {max: 100000}, result: WARN}
  - {id: personal, on: resources-download, check: sql.columns, with: {deny: [hr.users.phone]}}
  - id: max-pt
    on: commit-file
    check: file.functions
    with: {deny: [max_pt]}
    options: {result: level}
    result: WARN
    on_error: WARN
    on_timeout: WARN
  - {id: guests, on: freeze-node, check: operator.roles, with: {deny: [role_project_guest]}}
  - {id: wide, on: backfill-data, when: size(event.includeNodeIds) > 2, result: WARN}
"""

SNAPSHOT = {"CommittedFile": {"Content": "select a from t where ds = max_pt('t')", "FileType": 10}}
OPTIONS = {"level": "WARN"}
ROLES = {"1902847365091735": ("role_project_guest",)}
"""What DataWorks answers, whatever it is asked about."""

_PLAIN = "select o.id, sum(o.pay) as pay from dwd_order_{number} o join dim_sku s on o.sku = s.id group by o.id"
_PERSONAL = "with u as (select id, phone from hr.users where id > {number}) select id, concat('+', phone) as p from u"


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of event: the sample that it is made of, and what it says otherwise.

    `result` is the verdict that is returned, `counted` the one that DataWorks must be posted: empty for a notification.
    """

    sample: str
    says: Mapping[str, object] = {}
    blocks: bool = True
    result: Result
    counted: str

    @property
    def hosted(self) -> bool:
        """Whether DataWorks reads what the function returns; else it comes through EventBridge."""
        return "eventbridge" not in self.sample

    def body(self, number: int) -> bytes:
        """An event of the kind, with an id, a workspace and SQL of its own."""
        envelope: dict[str, Any] = msgspec.json.decode((ROOT / "events" / self.sample).read_bytes())
        payload = envelope["messageBody" if self.hosted else "data"]
        said = {name: fact.format(number=number) if isinstance(fact, str) else fact for name, fact in self.says.items()}
        workspace = str(90_000 + number % WORKSPACES)
        payload |= said | {"queryDwProjectId" if "queryDwProjectId" in payload else "projectId": workspace}
        if self.hosted:
            envelope["blockBusiness"] = self.blocks
        envelope["messageId" if self.hosted else "id"] = message_id(number)
        return msgspec.json.encode(envelope)


KINDS = (
    Kind(
        sample="download-resources.json",
        says={"sqlText": _PLAIN, "dataRowSize": "100000"},
        result=Result.OK,
        counted="OK",
    ),
    Kind(sample="download-resources.json", says={"sqlText": _PERSONAL}, result=Result.FAIL, counted="FAIL"),
    Kind(sample="download-resources.eventbridge.json", says={"sqlText": _PLAIN}, result=Result.WARN, counted="WARN"),
    Kind(
        sample="download-resources-execute.eventbridge.json",
        says={"sqlText": _PERSONAL},
        result=Result.FAIL,
        counted="FAIL",
    ),
    Kind(sample="commit-file.eventbridge.json", result=Result.WARN, counted="WARN"),
    Kind(sample="commit-file.json", result=Result.WARN, counted="WARN"),
    Kind(sample="freeze-node.eventbridge.json", result=Result.FAIL, counted="FAIL"),
    Kind(sample="backfill-data.eventbridge.json", result=Result.OK, counted="OK"),
    Kind(
        sample="backfill-data.json",
        says={"includeNodeIds": [1, 2, 3]},
        result=Result.WARN,
        counted="OK",  # Operation Center takes no WARN
    ),
    Kind(sample="node-change-created.eventbridge.json", result=Result.OK, counted=""),
    Kind(sample="download-resources.json", says={"sqlText": _PERSONAL}, blocks=False, result=Result.FAIL, counted=""),
)


def message_id(number: int) -> str:
    """The id of an event."""
    return f"load-{number:06}"
