"""Scene → scene with closed groups: each drawn as one box."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush

from ..errors import ArgumentError
from .scene import Edge, Group, Node, Number, Range, Scene, module_of, product

LEVELS = (
    "nothing",
    "chains",
    "neurons",
    "copies",
    "layers",
    "repeats",
)  # by Group.level


def fold_scene(scene: Scene, closed: Collection[str]) -> Scene:
    """Return the scene with the groups of these names closed.

    The outermost closed group around a node is one node that bears the group's name.
    Its edges are merged, and their contributions added. A group of one result has the
    derivatives of that result by each of its inputs.
    """
    closed = set(closed)
    box_of = _boxes(scene, closed)
    held: defaultdict[str, list[Node]] = defaultdict(list)
    for node in scene.nodes:
        if box_of[node.name] != node.name:
            held[box_of[node.name]].append(node)
    used_outside = {e.tail for e in scene.edges if box_of[e.tail] != box_of[e.head]}
    groups = {group.name: group for group in scene.groups}
    lasts = {members[-1].name: box for box, members in held.items()}
    nodes = []
    for node in scene.nodes:
        box = box_of[node.name]
        if box == node.name:
            nodes.append(node)
        elif lasts.get(node.name) == box:
            nodes.append(_closed(groups[box], held[box], used_outside))
    edges = _merged(scene, box_of, groups)
    open_groups = tuple(
        group
        for group in scene.groups
        if group.name not in held
        and group.parent not in held
        and not _inside(group, groups, held)
    )
    nodes = _ordered(nodes, edges)
    places = {node.name: place for place, node in enumerate(nodes)}
    edges = sorted(edges, key=lambda edge: places[edge.head])
    return Scene(tuple(nodes), tuple(edges), open_groups, scene.total)


def _ordered(nodes: list[Node], edges: Iterable[Edge]) -> list[Node]:
    """Return boxes after those that lead to them, but for the arrows of loops."""
    places = {node.name: place for place, node in enumerate(nodes)}
    users: defaultdict[int, list[int]] = defaultdict(list)
    waiting = [0] * len(nodes)
    for edge in edges:
        tail, head = places[edge.tail], places[edge.head]
        if tail != head:
            users[tail].append(head)
            waiting[head] += 1
    ready = [place for place, count in enumerate(waiting) if not count]
    heapify(ready)
    left = dict.fromkeys(range(len(nodes)))
    order = []
    while left:
        place = heappop(ready) if ready else next(iter(left))  # the first of a loop
        if place not in left:
            continue
        del left[place]
        order.append(nodes[place])
        for user in users[place]:
            waiting[user] -= 1
            if not waiting[user]:
                heappush(ready, user)
    return order


def _inside(group: Group, groups: dict[str, Group], held: Collection[str]) -> bool:
    while group.parent:
        if group.parent in held:
            return True
        group = groups[group.parent]
    return False


def _boxes(scene: Scene, closed: set[str]) -> dict[str, str]:
    """Return what each node is drawn as: itself, or the outermost closed group."""
    outermost = {"": ""}
    for group in scene.groups:
        around = outermost[group.parent]
        outermost[group.name] = around or (group.name if group.name in closed else "")
    return {node.name: outermost[node.group] or node.name for node in scene.nodes}


def _closed(group: Group, members: list[Node], used_outside: set[str]) -> Node:
    """Return the box of a closed group."""
    values = [node for node in members if node.kind != "constant"]
    results = [n for n in values if n.name in used_outside or n.is_output] or values
    return Node(
        group.name,
        kind="group",
        title=group.title,
        formula=group.formula,
        data=_range(node.data for node in results),
        grad=_range(node.grad for node in results),
        is_output=any(node.is_output for node in members),
        operation=group.kind,
        named=any(node.named for node in results),
        group=group.parent,
        caption=group.caption,
    )


def _range(numbers: Iterable[Number]) -> Number:
    found = [x for x in numbers if x is not None]
    if not found:
        return None
    odd = [x for x in found if x != x]
    low, high = (odd[0], odd[0]) if odd else (min(found), max(found))
    return low if len(found) == 1 else Range(low, high)


def _merged(
    scene: Scene, box_of: dict[str, str], groups: dict[str, Group]
) -> list[Edge]:
    """Return the edges between boxes; in a box of steps, those from step to step."""
    slopes = _slopes(scene, box_of, groups)
    steps = _steps(scene, box_of, groups)
    edges: list[Edge] = []
    together: defaultdict[tuple[str, str], list[Edge]] = defaultdict(list)
    for edge in scene.edges:
        tail, head = box_of[edge.tail], box_of[edge.head]
        if tail == head:
            step, next_step = steps.get(edge.tail), steps.get(edge.head)
            if not (step and next_step and step != next_step):
                continue
        if head == edge.head and (tail == edge.tail or groups[tail].root):
            edges.append(replace(edge, tail=tail))  # an operand, as in an open scene
        else:
            together[tail, head].append(edge)
    for (tail, head), many in together.items():
        first = many[0]
        one_result = tail == first.tail or groups[tail].root
        added = [e.contribution for e in many if e.contribution is not None]
        edges.append(
            replace(
                first,
                tail=tail,
                head=head,
                derivative=slopes.get((first.tail, head)) if one_result else None,
                contribution=sum(added[1:], added[0]) if added else None,
                count=len(many),
            )
        )
    return edges


def _slopes(
    scene: Scene, box_of: dict[str, str], groups: dict[str, Group]
) -> dict[tuple[str, str], Number]:
    """Return ∂(a group's one result)/∂(each input), by a sweep inside the group."""
    bars: dict[tuple[str, str], Number] = {}
    for edge in reversed(scene.edges):  # heads from the last to the first
        box = box_of[edge.head]
        group = groups.get(box)
        if group is None or not group.root or edge.derivative is None:
            continue
        bar = 1 if edge.head == group.root else bars.get((edge.head, box), 0)
        key = (edge.tail, box)
        added = product(edge.derivative, bar)
        bars[key] = bars[key] + added if key in bars else added
    return bars


def _steps(
    scene: Scene, box_of: dict[str, str], groups: dict[str, Group]
) -> dict[str, str]:
    """Return for each operation in a box of repeated steps its step."""
    child: dict[str, str] = {}  # of each group, the group around it that is a box's own
    for group in scene.groups:
        parent = groups.get(group.parent)
        own = parent is None or parent.kind == "repeat"
        child[group.name] = group.name if own else child[group.parent]
    return {
        node.name: child[node.group] if node.group != box_of[node.name] else node.name
        for node in scene.nodes
        if node.kind == "operation"
        and box_of[node.name] in groups
        and groups[box_of[node.name]].kind == "repeat"
    }


# How much to fold


def levels(scene: Scene) -> list[set[str]]:
    """Return what to close, from everything to nothing; each opens something more."""
    found: list[set[str]] = []
    for level in reversed(range(len(LEVELS))):
        closed = {group.name for group in scene.groups if group.level <= level}
        if not found or closed != found[-1]:
            found.append(closed)
    return found


@dataclass(frozen=True, slots=True)
class Size:
    """How many boxes and arrows a picture has, and how many boxes lie in a row."""

    boxes: int
    arrows: int
    length: int

    def fits(self, most: int) -> bool:
        """Tell whether so many boxes, or what is like it, can be taken in."""
        return (
            self.boxes <= most
            and self.arrows <= _ARROWS * most
            and self.length <= max(_SHORTEST, most // 4)
        )


_ARROWS = 1.5  # a box; more of them nobody can follow
_SHORTEST = 20  # so many boxes in a row always fit
_FEWEST = 12  # boxes that are left beside the rest


def size_of(scene: Scene, closed: set[str]) -> Size:
    """Return the size of the picture with these groups closed; constants not counted.

    In a loop the length is that of one way through it, about.
    """
    box_of = _boxes(scene, closed)
    constants = {node.name for node in scene.nodes if node.kind == "constant"}
    arrows: dict[tuple[str, str], None] = {}
    ranks: Counter[str] = Counter()
    for edge in scene.edges:
        tail, head = box_of[edge.tail], box_of[edge.head]
        if tail == head or edge.tail in constants or (tail, head) in arrows:
            continue
        arrows[tail, head] = None
        if (head, tail) not in arrows:
            ranks[head] = max(ranks[head], ranks[tail] + 1)
    length = max(ranks.values(), default=0) + 1
    return Size(len({*box_of.values()} - constants), len(arrows), length)


def closed_to_fit(scene: Scene, most: int) -> tuple[Scene, set[str]]:
    """Return what to close so that at most so many boxes remain, or nothing.

    Where even that is too much, the earlier nodes go into one more group.
    """
    closed: set[str] = set()
    if scene.total <= most:
        return scene, closed
    for closed in reversed(levels(scene)):
        size = size_of(scene, closed)
        if size.fits(most):
            return scene, closed
    if size.boxes <= most and size.arrows <= 2 * _ARROWS * most:
        return scene, closed
    found = _with_rest(scene, closed, most)
    while most > _FEWEST and size_of(*found).arrows > _ARROWS * most:
        most = max(_FEWEST, 2 * most // 3)
        found = _with_rest(scene, closed, most)
    return found


def with_modules(scene: Scene, paths: Collection[str]) -> tuple[Scene, set[str]]:
    """Return the scene with a group for each of these modules, and their names.

    Raises `ArgumentError` for a path that no parameter of the scene lies below.
    """
    modules = sorted(paths, key=len)
    groups, nodes = list(scene.groups), list(scene.nodes)
    made: list[Group] = []
    for place, path in enumerate(modules, 1):
        name = f"m{place}"

        def is_in(module: str, path: str = path) -> bool:
            return module == path or module.startswith((f"{path}.", f"{path}["))

        inside = {group.name for group in groups if is_in(group.module)}
        groups = [
            replace(group, parent=name)
            if group.name in inside and group.parent not in inside
            else group
            for group in groups
        ]
        nodes = [
            replace(node, group=name)
            if node.named and not node.group and is_in(module_of(node.title))
            else node
            for node in nodes
        ]
        size = sum(g.size for g in groups if g.parent == name)
        size += sum(node.group == name for node in nodes)
        if not size:
            raise ArgumentError(
                f"fold: no parameter here has a path below {path!r}; give the model as "
                f"names=model, or label its parameters"
            )
        made.append(
            Group(
                name,
                "module",
                level=len(LEVELS),
                title=path,
                formula="",
                parent="",
                size=size,
                caption=f"{size:,} nodes",
                module=path,
            )
        )
    found = replace(scene, nodes=tuple(nodes), groups=(*made, *groups))
    return found, {group.name for group in made}


def _with_rest(scene: Scene, closed: set[str], most: int) -> tuple[Scene, set[str]]:
    """Put what is farthest from the outputs into one group."""
    box_of = _boxes(scene, closed)
    in_order = [n.name for n in fold_scene(scene, closed).nodes if n.kind != "constant"]
    rest = set(in_order[: 1 - most])
    name = "rest"
    users = {e.tail: box_of[e.head] for e in scene.edges}
    nodes = []
    size = 0
    for node in scene.nodes:
        is_in = box_of[node.name] in rest or (
            node.kind == "constant" and users[node.name] in rest
        )
        size += is_in and node.kind != "constant"
        nodes.append(replace(node, group=name) if is_in and not node.group else node)
    title = f"{size:,} earlier nodes"
    group = Group(name, "rest", len(LEVELS), title, "", "", size, f"{size:,} nodes")
    groups = [
        replace(g, parent=name) if g.name in rest and not g.parent else g
        for g in scene.groups
    ]
    return (
        replace(scene, nodes=tuple(nodes), groups=(group, *groups)),
        {*closed, name},
    )


def note_on(shown: Scene) -> str:
    """Say what a folded scene has folded; "" if nothing."""
    kinds = Counter(node.operation for node in shown.nodes if node.kind == "group")
    if not kinds:
        return ""
    boxes = sum(node.kind != "constant" for node in shown.nodes)
    parts = [
        f"{n} {one if n == 1 else many}"
        for kind, (one, many) in _KINDS.items()
        if (n := kinds[kind])
    ]
    word = "box" if boxes == 1 else "boxes"
    return f"{shown.total:,} nodes in {boxes} {word}, folded: {', '.join(parts)}"


_KINDS = {
    "repeat": ("loop", "loops"),
    "layer": ("layer", "layers"),
    "copies": ("batch", "batches"),
    "neuron": ("neuron", "neurons"),
    "chain": ("chain of sums and products", "chains of sums and products"),
    "leaves": ("group of leaves", "groups of leaves"),
    "module": ("module", "modules"),
    "rest": ("what came before", ""),
}
