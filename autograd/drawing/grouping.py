"""Scene → scene with groups: what belongs together, from shape and labels alone.

Four steps, each linear in nodes and edges but for sorting:

1. `cones`: an operation with one consumer may join it. A chain of sums and products
   joins up, and the function of one number on top of it: that is a neuron.
2. Leaves that only one cone uses go into it.
3. `_alike`: two sweeps number the structures: what lies below a node, then what lies
   above it. Cones with the same numbers are the neurons of a layer, the samples of a
   batch: one group.
4. `_repeated`: such groups that look the same inside and share their leaves, although
   they lie at different depths, are the steps of a loop: one group.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from .cones import Cones, cones_of
from .scene import Group, Node, Scene, module_of
from .titles import common_module, describe_cone, title_of_many

_ADDITIVE = {"add", "sub", "sum", "mean", "max", "min", "logsumexp", "norm", "prod"}
_FEWEST_STEPS = 3  # this many blocks alike, one after the other, are a loop


@dataclass(slots=True)
class _Draft:
    """A group while it is made, of places in the scene and among the drafts; −1: none.

    members: the cones and leaves of a group of several results; blocks: of a loop.
    """

    kind: str
    level: int
    root: int = -1
    parent: int = -1
    members: Sequence[int] = ()
    blocks: int = 1


class _Numbers(dict[Hashable, int]):
    """The same number for the same structure, counted up from 0."""

    def __missing__(self, key: Hashable) -> int:
        self[key] = number = len(self)
        return number


def grouped(scene: Scene) -> Scene:
    """Return the scene with its groups; see the module's docstring.

    >>> from autograd import Value
    >>> from autograd.drawing.scene import scene_of
    >>> w, x, b = (Value(1.0, label=label) for label in "wxb")
    >>> [group.formula for group in grouped(scene_of([(w * x + b).tanh()])).groups]
    ['tanh(w × x + b)', 'w × x + b']
    """
    return _Grouping(scene).result()


class _Grouping:
    """The groups of one scene, while they are found."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.cones: Cones = cones_of(scene)
        self.made: list[_Draft] = []
        self.inner: list[int] = [-1] * len(scene.nodes)  # the innermost group of each
        self.outer: dict[int, int] = {}  # the outermost group so far of each cone, leaf

    def result(self) -> Scene:
        self._group_cones()
        alike = self._alike()
        self._repeated(alike)
        return self._finished()

    def _make(self, draft: _Draft) -> int:
        self.made.append(draft)
        return len(self.made) - 1

    # Chains, and neurons around them

    def _group_cones(self) -> None:
        cones = self.cones
        for root, members in cones.members.items():
            leaves = cones.leaves[root]
            if len(members) + len(leaves) // 2 < 2:
                self.outer[root] = -1
                cones.free += leaves
                for leaf in leaves:
                    cones.element[leaf] = leaf
                leaves.clear()
                continue
            pure = all(cones.is_linear[i] for i in members)
            kind = "chain" if pure else "neuron"
            group = self._make(_Draft(kind, 1 if pure else 2, root))
            self.outer[root] = group
            for i in (*members, *leaves):
                self.inner[i] = group
            if not pure:
                self._group_chains(root, members, group)
            for i in leaves:  # where the operations are that use it
                users = {self.inner[user] for user in cones.users[i]}
                self.inner[i] = users.pop() if len(users) == 1 else group
        cones.free.sort()
        self.outer.update(dict.fromkeys(cones.free, -1))

    def _group_chains(self, root: int, members: list[int], around: int) -> None:
        """Group the sums and products inside a cone that has other operations too."""
        tops: dict[int, int] = {}
        chains: defaultdict[int, list[int]] = defaultdict(list)
        for i in reversed(members):
            if self.cones.is_linear[i]:
                above = self.cones.joined.get(i, -1)
                tops[i] = tops.get(above, i) if i != root else i
                chains[tops[i]].append(i)
        for top, chain in chains.items():
            if len(chain) > 1:
                group = self._make(_Draft("chain", 1, top, around))
                for i in chain:
                    self.inner[i] = group

    # Alike: layers, samples of a batch

    def _alike(self) -> dict[int, int]:
        """Group the cones and free leaves alike; return the class of each."""
        cones, nodes = self.cones, self.scene.nodes
        below = self._structures_below()
        numbers = _Numbers()
        entries: defaultdict[int, set[tuple[int, Hashable]]] = defaultdict(set)
        above: dict[int, int] = {}
        elements = sorted((*cones.members, *cones.free), reverse=True)
        for e in elements:
            consumers = frozenset((above[c], port) for c, port in entries[e])
            module = re.sub(r"\[\d+\]$", "", cones.scope.get(e, ""))
            key = (below[e], module, nodes[e].is_output, consumers)
            above[e] = numbers[key]
            for i in cones.members.get(e, ()):
                node = nodes[i]
                for tail, place in cones.incoming[i]:
                    source = cones.element[tail]
                    if source == e or nodes[tail].kind == "constant":
                        continue
                    port: Hashable = "term"
                    if node.operation == "dot":
                        port = ("dot", 2 * place < cones.width[i])
                    elif node.operation not in _ADDITIVE:
                        port = (below[i], place)
                    entries[source].add((e, port))
        self.entries = {e: {c for c, _ in entries[e]} for e in elements}
        classes: defaultdict[int, list[int]] = defaultdict(list)
        for e in reversed(elements):
            classes[above[e]].append(e)
        of_element: dict[int, int] = {}
        for number, members in enumerate(classes.values()):
            of_element.update(dict.fromkeys(members, number))
            if len(members) > 1 and members[0] in cones.members:
                self._wrap("layer", 3, members)
        self._put_leaves(of_element, 3)
        return of_element

    def _structures_below(self) -> list[int]:
        """Return a number for each node: the same for the same structure below it."""
        numbers = _Numbers()
        below: list[int] = []
        for i, node in enumerate(self.scene.nodes):
            operands = self.cones.incoming[i]
            if node.kind == "constant":
                key: Hashable = "number"
            else:
                label = re.sub(r"\d+", "#", node.title) if node.named else ""
                key = (node.operation, label, *(below[tail] for tail, _ in operands))
                if node.operation == "pow":  # a square is no cube
                    key = (key, *(_number(self.scene.nodes[t]) for t, _ in operands))
            below.append(numbers[key])
        return below

    def _wrap(self, kind: str, level: int, elements: Sequence[int]) -> int:
        """Put a group around the outermost groups of these cones and leaves."""
        group = self._make(_Draft(kind, level, members=elements))
        for e in elements:
            outer = self.outer[e]
            if outer < 0:
                self.inner[e] = group
            elif outer != group and self.made[outer].parent < 0:
                self.made[outer].parent = group
        self.outer.update(dict.fromkeys(elements, group))
        return group

    def _put_leaves(self, of_element: dict[int, int], level: int) -> None:
        """Put leaves into the only group that uses them; group what is used alike."""
        cones, nodes = self.cones, self.scene.nodes
        alike: defaultdict[Hashable, list[int]] = defaultdict(list)
        for leaf in cones.free:
            users = {
                self.outer[c] if self.outer[c] >= 0 else ~c
                for c in self.entries.get(leaf, ())
            }
            quiet = nodes[leaf].parameter or not nodes[leaf].named
            if len(users) == 1 and (only := next(iter(users))) >= 0:
                members = self.made[only].members
                shared = len(self.entries[leaf]) < len(members)
                if self.made[only].level == level and quiet and shared:
                    self._move(leaf, only)
                    continue
            if quiet:
                alike[frozenset(users), bool(nodes[leaf].named)].append(leaf)
            elif level == 3:
                alike[of_element[leaf]].append(leaf)
            else:
                label = re.sub(r"\d+", "#", nodes[leaf].title)
                alike[frozenset(users), label].append(leaf)
        for leaves in alike.values():
            groups = {self.outer[leaf] for leaf in leaves}
            if len(leaves) > 1 and (len(groups) > 1 or groups == {-1}):
                self._wrap("leaves", level, leaves)

    def _move(self, leaf: int, group: int) -> None:
        """Put a leaf, with the leaves around it, into a group."""
        outer = self.outer[leaf]
        if outer < 0:
            self.inner[leaf] = group
        elif outer != group:
            self.made[outer].parent = group
        self.outer[leaf] = group

    # Repeated: the steps of a loop

    def _repeated(self, of_element: dict[int, int]) -> None:
        cones = self.cones
        firsts: dict[int, int] = {}
        members: defaultdict[int, list[int]] = defaultdict(list)
        for e in sorted(cones.members):
            firsts.setdefault(of_element[e], e)
            members[of_element[e]].append(e)
        rough = {number: self._shape(first, {}) for number, first in firsts.items()}
        shared = self._shared(of_element, rough)
        shapes: defaultdict[Hashable, list[int]] = defaultdict(list)
        for number, first in firsts.items():
            shapes[self._shape(first, shared)].append(number)
        for blocks in shapes.values():
            inside = any(
                self.scene.nodes[tail].kind == "operation" and cones.element[tail] != e
                for e in map(firsts.__getitem__, blocks)
                for i in cones.members[e]
                for tail, _ in cones.incoming[i]
            )
            if len(blocks) >= _FEWEST_STEPS and inside:
                elements = sorted(e for number in blocks for e in members[number])
                self.made[self._wrap("repeat", 4, elements)].blocks = len(blocks)
        self._put_leaves(of_element, 4)

    def _shared(
        self, of_element: dict[int, int], rough: dict[int, Hashable]
    ) -> dict[int, Hashable]:
        """Return the leaves that many blocks of one shape use, by their groups.

        A weight is used in each step of a loop, an input in one step, though there
        perhaps by several gates of the same shape.
        """
        alike = Counter(rough.values())
        shared: dict[int, Hashable] = {}
        for leaf in self.cones.free:
            classes = {of_element[c] for c in self.entries[leaf]}
            uses = Counter(rough[number] for number in classes)
            if any(n * n > alike[shape] for shape, n in uses.items()):
                shared[leaf] = self.outer[leaf] if self.outer[leaf] >= 0 else ~leaf
        return shared

    def _shape(self, cone: int, shared: dict[int, Hashable]) -> Hashable:
        """Return what a cone is made of, without saying where its inputs come from.

        shared: the leaves that do matter.
        """
        cones, nodes = self.cones, self.scene.nodes
        places = {i: place for place, i in enumerate(cones.members[cone])}
        shape: list[Hashable] = []
        for i in places:
            shape.append(nodes[i].operation)
            for tail, _ in cones.incoming[i]:
                # The first step of a loop has a leaf where the others have a state.
                constant = nodes[tail].kind == "constant"
                outside = "number" if constant else shared.get(tail, "input")
                shape.append(places.get(tail, ("outside", outside)))
        return tuple(shape)

    # As plain data

    def _finished(self) -> Scene:
        nodes, made = self.scene.nodes, self.made
        sizes, children = [0] * len(made), [0] * len(made)
        for i, group in enumerate(self.inner):
            if group >= 0 and nodes[i].kind != "constant":
                children[group] += 1
        depths = [0] * len(made)
        for g in range(len(made)):
            outer = g
            while (outer := made[outer].parent) >= 0:
                depths[g] += 1
        order = sorted(range(len(made)), key=lambda g: (depths[g], self._start(g), g))
        for g in reversed(order):
            sizes[g] += children[g]
            if made[g].parent >= 0:
                sizes[made[g].parent] += sizes[g]
        names = {g: f"g{place}" for place, g in enumerate(order, 1)} | {-1: ""}
        groups = []
        for g in order:
            draft = made[g]
            title, formula, copies = self._words(draft)
            groups.append(
                Group(
                    names[g],
                    kind=draft.kind,
                    level=draft.level,
                    title=title,
                    formula=formula,
                    parent=names[draft.parent],
                    size=sizes[g],
                    caption=self._caption(draft, sizes[g], copies),
                    copies=copies,
                    root=nodes[draft.root].name if draft.root >= 0 else "",
                    module=self._module(draft),
                )
            )
        within = self.inner
        for i, node in enumerate(nodes):  # constants lie where they are used
            if node.kind == "constant":
                [user] = self.cones.users[i]
                within[i] = within[user]
        placed = tuple(
            node if within[i] < 0 else replace(node, group=names[within[i]])
            for i, node in enumerate(nodes)
        )
        return replace(self.scene, nodes=placed, groups=tuple(groups))

    def _start(self, g: int) -> int:
        draft = self.made[g]
        return draft.root if draft.root >= 0 else min(draft.members)

    def _words(self, group: _Draft) -> tuple[str, str, tuple[int, ...]]:
        """Return title, formula and copies."""
        scene, cones, members = self.scene, self.cones, group.members
        if group.root >= 0:
            return *describe_cone(scene, cones, group.root), ()
        copies = (len(members), 1)
        if group.kind == "layer":
            copies = self._factors(members)
        elif group.kind == "repeat":
            copies = (len(members) // group.blocks, group.blocks)
        return *title_of_many(scene, cones, group.kind, members), copies

    def _caption(self, group: _Draft, size: int, copies: tuple[int, ...]) -> str:
        """Say in a few words what a group holds."""
        if not copies:
            return f"{size:,} nodes"
        first = group.members[0]
        many, times = copies
        if group.kind == "leaves":
            return f"{many:,} {_leaves(self.scene.nodes[first])}"
        noun = "neurons" if self.cones.weighs(self.scene, first) else "results"
        words = [f"{many:,} {noun}"] if many > 1 else []
        if times > 1:
            step = " steps" if group.kind == "repeat" else ""
            words.append(f"× {times:,}{step}")
        return " ".join(words)

    def _module(self, group: _Draft) -> str:
        """Return the module that all of a group belongs to."""
        nodes, scopes = self.scene.nodes, self.cones.scope
        if group.root >= 0:
            return scopes[self.cones.element[group.root]]
        if group.kind == "leaves":
            return common_module(
                [
                    module_of(nodes[i].title) if nodes[i].named else ""
                    for i in group.members
                ]
            )
        return common_module([scopes.get(i, "") for i in group.members])

    def _factors(self, members: Sequence[int]) -> tuple[int, int]:
        """Tell 16 neurons in each of 100 samples from 1,600 neurons."""
        used: Counter[frozenset[int]] = Counter()
        for e in members:
            used[frozenset(self._parameters(e))] += 1
        kinds, total = len(used), len(members)
        if kinds > 1 and len(set(used.values())) == 1:
            return kinds, total // kinds
        return 1, total

    def _parameters(self, cone: int) -> Iterable[int]:
        """Return a cone's parameters: leaves with a path, or else those in front."""
        nodes, cones = self.scene.nodes, self.cones
        scope = cones.scope[cone]
        for i in cones.members[cone]:
            for tail, place in cones.incoming[i]:
                if nodes[tail].kind == "leaf" and (
                    module_of(nodes[tail].title) == scope
                    if scope
                    else 2 * place < cones.width[i]
                ):
                    yield tail


def _leaves(node: Node) -> str:
    return "parameters" if node.parameter else "leaves"


def _number(node: Node) -> str:
    return node.title if node.kind == "constant" else ""
