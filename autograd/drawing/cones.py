"""Cones: operations that lead to one result only, and so belong together.

An operation with one consumer may join it. What joins what is a matter of four kinds,
by how many different Values an operation takes: glue (linear, one Value: ``2 * x``),
sums (linear, several), curves (one Value: tanh, a square) and meetings (several: a
quotient). Chains of sums and products join up; a curve joins the sum below it, which is
a neuron; curves and glue on top of each other join. Outputs, labelled results, and
results that several operations use are never inside. Nor does a neuron of one module
join one of another, where leaves are labelled by the paths of parameters.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .scene import Scene, module_of

LINEAR = {"add", "sub", "neg", "pos", "mul", "sum", "dot", "mean", "prod", "chain"}
GLUE, SUM, CURVE, MEETING = "glue", "sum", "curve", "meeting"
_JOINS = {
    *((GLUE, into) for into in (GLUE, SUM, CURVE, MEETING)),
    *((CURVE, into) for into in (GLUE, CURVE, MEETING)),
    *((SUM, into) for into in (SUM, CURVE)),
    (MEETING, CURVE),
}


@dataclass(slots=True)
class Cones:
    """A scene by the places of its nodes, and its cones by the places of their results.

    incoming: of each node, its operands with their places. width: how many operands.
    users: the operations that use it. members: a cone's operations in order; leaves:
    those that no other cone uses. free: the other leaves. element: the cone of an
    operation or of its own leaf; a free leaf is its own. joined: the consumer that an
    operation joined. scope: the module of a cone's parameters.
    """

    incoming: list[list[tuple[int, int]]]
    width: list[int]
    users: list[list[int]]
    members: dict[int, list[int]]
    leaves: dict[int, list[int]]
    free: list[int]
    element: list[int]
    joined: dict[int, int]
    is_linear: list[bool]
    scope: dict[int, str]

    def parameters(self, scene: Scene, cone: int) -> Iterator[int]:
        """Yield a cone's parameters: leaves with a path, or else those in front."""
        nodes, scope = scene.nodes, self.scope[cone]
        for i in self.members[cone]:
            for tail, place in self.incoming[i]:
                if nodes[tail].kind == "leaf" and (
                    module_of(nodes[tail].title) == scope
                    if scope
                    else 2 * place < self.width[i]
                ):
                    yield tail

    def by_parameters(self, scene: Scene, members: Sequence[int]) -> list[list[int]]:
        """Tell 16 neurons in each of 100 samples from 1,600 neurons: 16 lists of 100.

        One list where the numbers do not come out even.
        """
        found: defaultdict[frozenset[int], list[int]] = defaultdict(list)
        for cone in members:
            found[frozenset(self.parameters(scene, cone))].append(cone)
        lists = list(found.values())
        even = len({len(cones) for cones in lists}) == 1
        return lists if even else [list(members)]

    def weighs(self, scene: Scene, cone: int) -> bool:
        """Tell whether a cone multiplies leaves, as a neuron does with its weights."""
        return any(
            scene.nodes[i].operation in {"mul", "dot"}
            and any(scene.nodes[tail].kind == "leaf" for tail, _ in self.incoming[i])
            for i in self.members[cone]
        )


def cones_of(scene: Scene) -> Cones:
    """Return the cones of a scene; linear in nodes and edges."""
    nodes = scene.nodes
    count = len(nodes)
    place_of = {node.name: i for i, node in enumerate(nodes)}
    incoming: list[list[tuple[int, int]]] = [[] for _ in nodes]
    width = [0] * count
    users: list[list[int]] = [[] for _ in nodes]
    for edge in scene.edges:
        tail, head = place_of[edge.tail], place_of[edge.head]
        incoming[head].append((tail, edge.place))
        constant = nodes[tail].kind == "constant"
        width[head] += len(nodes[tail].data) if constant else 1
        if not users[tail] or users[tail][-1] != head:
            users[tail].append(head)
    parents = [
        list(dict.fromkeys(t for t, _ in into if nodes[t].kind != "constant"))
        for into in incoming
    ]
    kinds = [
        _kind(scene, i, operands, len(parents[i]))
        for i, operands in enumerate(incoming)
    ]
    scopes = [
        module_of(node.title) if node.named and node.kind == "leaf" else ""
        for node in nodes
    ]
    for i, node in enumerate(nodes):  # 0 + x + y + ..., as `sum` does it: all one sum
        if kinds[i] == GLUE and node.operation == "add" and len(users[i]) == 1:
            user = users[i][0]
            if nodes[user].operation == "add" and kinds[user] == SUM:
                kinds[i] = SUM
    joined = _joined(scene, kinds, parents, users, scopes, incoming)
    element = list(range(count))
    members: dict[int, list[int]] = {}
    for i in reversed(range(count)):
        if nodes[i].kind == "operation":
            element[i] = element[joined[i]] if i in joined else i
            members.setdefault(element[i], []).append(i)
    members = {root: ops[::-1] for root, ops in sorted(members.items())}
    leaves: defaultdict[int, list[int]] = defaultdict(list)
    free = []
    for i, node in enumerate(nodes):
        if node.kind != "leaf":
            continue
        homes = {element[user] for user in users[i]}
        quiet = node.parameter or not node.named
        if len(homes) == 1 and quiet and not node.is_output:
            leaves[homes.pop()].append(i)
        else:
            free.append(i)
    for root in members:
        for leaf in leaves[root]:
            element[leaf] = root
    return Cones(
        incoming,
        width,
        users,
        members,
        dict(leaves),
        free,
        element,
        joined,
        is_linear=[kind in (GLUE, SUM) for kind in kinds],
        scope={root: scopes[root] for root in members},
    )


def _kind(scene: Scene, i: int, operands: list[tuple[int, int]], values: int) -> str:
    """Return the kind of an operation that takes so many different Values."""
    operation = scene.nodes[i].operation
    constants = [p for tail, p in operands if scene.nodes[tail].kind == "constant"]
    if operation in LINEAR:
        if operation in {"mul", "dot", "prod"} and values == 1 and not constants:
            # A square: of a leaf it is a term of a sum, else a curve.
            return SUM if scene.nodes[operands[0][0]].kind == "leaf" else CURVE
        return SUM if values > 1 else GLUE
    if operation == "div" and 1 in constants:
        return GLUE
    return MEETING if values > 1 else CURVE


def _joined(
    scene: Scene,
    kinds: list[str],
    parents: list[list[int]],
    users: list[list[int]],
    scopes: list[str],
    incoming: list[list[tuple[int, int]]],
) -> dict[int, int]:
    """Return which operation joins its consumer; fill in the scopes of operations."""
    nodes = scene.nodes
    joined: dict[int, int] = {}
    crowned = [False] * len(nodes)  # a neuron with its activation: complete
    applied = [False] * len(nodes)  # uses more than parameters of its own module
    for i, node in enumerate(nodes):
        if node.kind != "operation":
            continue
        may = [
            p
            for p in parents[i]
            if nodes[p].kind == "operation"
            and len(users[p]) == 1
            and not (nodes[p].named or nodes[p].is_output)
            and not (crowned[p] and kinds[i] in (GLUE, CURVE))
            and (kinds[p], kinds[i]) in _JOINS
        ]
        own = {scopes[p] for p in parents[i] if nodes[p].kind == "leaf"} - {""}
        scope = own | {scopes[p] for p in may if applied[p]} - {""}
        if len(scope) > 1:
            scope = own if len(own) == 1 else set()
            may = [p for p in may if not applied[p] or scopes[p] in {"", *scope}]
        scopes[i] = next(iter(scope), "")
        applied[i] = any(
            nodes[p].kind == "constant"
            or (nodes[p].kind == "leaf" and scopes[p] != scopes[i])
            or (nodes[p].kind == "operation" and (p not in may or applied[p]))
            for p, _ in incoming[i]
        )
        crowned[i] = kinds[i] == CURVE and any(kinds[p] in (SUM, MEETING) for p in may)
        joined.update(dict.fromkeys(may, i))
    return joined
