"""Checks on nodes and instances of Operation Center: freeze, unfreeze, undeploy, rerun, stop, set to succeeded.

An operation has many targets; a finding names the first three and says how many there are.
"""

from collections.abc import Iterator

import msgspec

from extension.checks import Need, row
from extension.checks.lists import few, first_unread, refuses
from extension.events import Event, Fact, Instance, Unknown, had, known
from extension.payloads import Backfill, InstanceOperation, NodeOperation
from extension.settings import Known, Listed, Maximum, Names, Numbers
from extension.verdict import Finding, Text, hit

NODES_REFUSED = Text(
    en="This operation is not allowed on these nodes: {nodes} ({count} in all). Leave them out, or ask their owner.",
    zh="不允许对以下节点执行该操作：{nodes}（共 {count} 个）。请去掉这些节点，或联系节点责任人。",
)


def node_protected(event: Event[NodeOperation | Backfill], settings: Listed[Numbers]) -> Iterator[Finding]:
    """Nodes that are frozen, unfrozen, undeployed or backfilled, by id: none of `deny`, and only those of `allow`.

    A node that many others wait for should not be stopped, or run again, in passing. Of a backfill, the nodes whose
    code runs are judged: `includeNodeIds`, and `rootNodeId` unless it is excluded.

    Passes: {nodeIds: [7, 8], rootNodeId: 7, includeNodeIds: [7, 8]} with {deny: [9, "70000*"]}
    Hits: {nodeIds: [7, 700005421003], rootNodeId: 7, includeNodeIds: [700005421003]} with {deny: [9, "70000*"]}
    """
    nodes = event.payload.nodes()
    refused = {node: None for node in nodes if not isinstance(node, Unknown) and refuses(settings, str(node))}
    if refused:
        yield hit(NODES_REFUSED, nodes=few(refused), count=len(refused))
    else:
        yield from first_unread(nodes)


TOO_MANY_NODES = Text(
    en="The operation is on {nodes} nodes; at most {max} are allowed at a time. Select fewer nodes.",
    zh="本次操作涉及 {nodes} 个节点，单次最多允许 {max} 个。请减少所选节点。",
)


def node_count(event: Event[NodeOperation], settings: Maximum) -> Iterator[Finding]:
    """Nodes that are frozen, unfrozen or undeployed at a time: at most `max`; a node that is named twice counts once.

    With one wrong click, a whole workspace stands still.

    Passes: {nodeIds: [1, 2, 2]} with {max: 2}
    Hits: {nodeIds: [1, 2, 3]} with {max: 2}
    """
    nodes = event.payload.nodes()
    if _known(nodes) > settings.max:
        yield hit(TOO_MANY_NODES, nodes=_known(nodes), max=settings.max)
    else:
        yield from first_unread(nodes)


class ProtectedNodes(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of `instance.protected`. An instance is protected if either of the lists has its node."""

    nodes: Numbers | None = None
    """Ids of the nodes whose instances are protected."""
    names: Names | None = None
    """Names of such nodes."""

    def __post_init__(self) -> None:
        """Refuse settings that could never hit."""
        if self.nodes is None and self.names is None:
            raise ValueError("expected nodes, names or both, found neither")


INSTANCES_REFUSED = Text(
    en="This operation is not allowed on instances of these nodes: {nodes} ({count} in all). Leave the instances out,"
    " or ask the owner of the nodes.",
    zh="不允许对以下节点的实例执行该操作：{nodes}（共 {count} 个节点）。请去掉这些实例，或联系节点责任人。",
)


def instance_protected(event: Event[InstanceOperation], settings: ProtectedNodes) -> Iterator[Finding]:
    """Instances that are frozen, unfrozen, rerun, stopped or set to succeeded: none of the nodes `nodes` or `names`.

    Whoever sets an instance to succeeded lets all that wait for it run without its data. The message has the ids of
    instances alone, and its `extensionBizName` may sum up several, so that each is asked for (GetInstance), up to 20;
    more at a time give `on_error`.

    Passes: {taskIds: [11], instances: [{InstanceId: 11, NodeId: 7, NodeName: ods_orders}]} with {names: ["pay_*"]}
    Hits: {taskIds: [11], instances: [{InstanceId: 11, NodeId: 8, NodeName: pay_salaries}]} with {names: ["pay_*"]}
    """
    gaps = [fact for fact in event.payload.ids() if isinstance(fact, Unknown)]
    refused: dict[str, None] = {}
    for instance in () if gaps else had(event.instances):
        by_id = [node for node in known(instance.node_id) if settings.nodes and str(node) in settings.nodes]
        by_name = [name for name in known(instance.node_name) if settings.names and name in settings.names]
        if by_id or by_name:
            refused[_node(instance)] = None
        asked = (settings.nodes and instance.node_id, settings.names and instance.node_name)
        gaps += [fact for fact in asked if isinstance(fact, Unknown)]
    if refused:
        yield hit(INSTANCES_REFUSED, nodes=few(refused), count=len(refused))
    else:
        yield from first_unread(gaps)


def _node(instance: Instance) -> str:
    """The node of an instance for readers: its name with its id, or which of them is known."""
    name, node = known(instance.node_name), known(instance.node_id)
    return f"{name[0]} ({node[0]})" if name and node else str((*name, *node)[0])


TOO_MANY_INSTANCES = Text(
    en="The operation is on {instances} instances; at most {max} are allowed at a time. Select fewer instances.",
    zh="本次操作涉及 {instances} 个实例，单次最多允许 {max} 个。请减少所选实例。",
)


def instance_count(event: Event[InstanceOperation], settings: Maximum) -> Iterator[Finding]:
    """Instances that are frozen, unfrozen, rerun, stopped or set to succeeded at a time: at most `max`.

    A run of reruns takes the resources of the whole workspace. An instance that is named twice counts once.

    Passes: {taskIds: [11, 12, 12]} with {max: 2}
    Hits: {taskIds: [11, 12, 13]} with {max: 2}
    """
    instances = event.payload.ids()
    if _known(instances) > settings.max:
        yield hit(TOO_MANY_INSTANCES, instances=_known(instances), max=settings.max)
    else:
        yield from first_unread(instances)


class Environments(Known):
    """Where an instance runs, as the platform documents it."""

    KNOWN = ("PROD", "DEV")


ENVIRONMENT_REFUSED = Text(
    en="This operation is not allowed on instances in the environment {environment}: {instances} ({count} in all)."
    " Leave them out, or ask the owner of the nodes.",
    zh="不允许对 {environment} 环境的实例执行该操作：{instances}（共 {count} 个）。请去掉这些实例，或联系节点责任人。",
)


def instance_environment(event: Event[InstanceOperation], settings: Listed[Environments]) -> Iterator[Finding]:
    """Environment of the instances that are frozen, unfrozen, rerun, stopped or set to succeeded: PROD, DEV.

    The message does not say it. It is where GetInstance finds the instance, which is asked for in production first;
    that an instance of development is not found there is unverified. Up to 20 instances are asked for; more at a time
    give `on_error`.

    Passes: {taskIds: [11], instances: [{InstanceId: 11, ProjectEnv: DEV}]} with {deny: [PROD]}
    Hits: {taskIds: [11], instances: [{InstanceId: 11, ProjectEnv: PROD}]} with {deny: [PROD]}
    """
    gaps = [fact for fact in event.payload.ids() if isinstance(fact, Unknown)]
    instances = () if gaps else had(event.instances)
    gaps += [instance.environment for instance in instances if isinstance(instance.environment, Unknown)]
    refused = [one for one in instances for name in known(one.environment) if refuses(settings, name)]
    if refused:
        environments = dict.fromkeys(name for one in refused for name in known(one.environment))
        ids = [(*known(one.instance_id), "?")[0] for one in refused]
        yield hit(ENVIRONMENT_REFUSED, environment=few(environments), instances=few(ids), count=len(refused))
    else:
        yield from first_unread(gaps)


def _known(ids: tuple[Fact[int], ...]) -> int:
    """How many different ids there are."""
    return len({fact for fact in ids if not isinstance(fact, Unknown)})


_NODES = ("freeze-node", "unfreeze-node", "undeploy-node")
_INSTANCES = (
    *("pre-freeze-instance", "pre-unfreeze-instance", "pre-rerun-instance"),
    *("pre-set-instance-success", "pre-kill-instance"),
)

# A table, one check a line.
# fmt: off
CHECKS = (
    row("node.protected", node_protected, Listed[Numbers], (*_NODES, "backfill-data"), NODES_REFUSED),
    row("node.count", node_count, Maximum, _NODES, TOO_MANY_NODES),
    row("instance.protected", instance_protected, ProtectedNodes, _INSTANCES, INSTANCES_REFUSED, needs=Need.INSTANCES),
    row("instance.count", instance_count, Maximum, _INSTANCES, TOO_MANY_INSTANCES),
    row("instance.environment", instance_environment, Listed[Environments], _INSTANCES, ENVIRONMENT_REFUSED, needs=Need.INSTANCES),
)
# fmt: on
