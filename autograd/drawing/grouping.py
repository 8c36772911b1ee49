"""Scene → scene with groups: what belongs together, from shape and labels alone.

Four steps, each linear in nodes and edges but for sorting:

1. `cones`: an operation with one consumer may join it. A chain of sums and products
   joins up, and the function of one number on top of it: that is a neuron.
2. Leaves that only one cone uses go into it.
3. `_alike`: cones alike (`likeness.py`) are neurons of one layer; those of them that
   share their weights as well are one neuron, applied to the samples of a batch.
4. `_repeated`: such groups that look the same inside and share their leaves, although
   they lie at different depths, are the steps of a loop: one group.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from .cones import Cones, cones_of
from .likeness import classes_of
from .scene import Group, Scene
from .titles import describe

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
        self.users: dict[int, set[int]] = {}  # the cones that use a cone or free leaf

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
        cones = self.cones
        classes, self.users = classes_of(self.scene, cones)
        of_element: dict[int, int] = {}
        for number, members in enumerate(classes):
            of_element.update(dict.fromkeys(members, number))
        many = [m for m in classes if len(m) > 1 and m[0] in cones.members]
        kinds = [cones.by_parameters(self.scene, members) for members in many]
        for copies in kinds:
            for same in copies:
                if len(same) > 1:
                    self._wrap("copies", 3, same)
        self._put_leaves(of_element, 3)
        for members, copies in zip(many, kinds, strict=True):
            if len(copies) > 1:
                self.made[self._wrap("layer", 4, members)].blocks = len(copies)
        self._put_leaves(of_element, 4)
        return of_element

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
                self.outer[c] if self.outer[c] >= 0 else ~c for c in self.users[leaf]
            }
            quiet = nodes[leaf].parameter or not nodes[leaf].named
            only = next(iter(users)) if len(users) == 1 else -1
            if only >= 0:
                if self.outer[leaf] == only:
                    continue
                group = self.made[only]
                # What goes into each neuron of a layer stays to be seen: its input.
                inside = group.kind != "layer" or (
                    len(self.users[leaf]) < len(group.members)
                )
                if group.level == level and quiet and inside:
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
        order = {number: place for place, number in enumerate(firsts)}
        for blocks in shapes.values():
            regular = _is_regular([order[number] for number in blocks])
            if (
                len(blocks) >= _FEWEST_STEPS
                and regular
                and self._inside(firsts[number] for number in blocks)
            ):
                elements = sorted(e for number in blocks for e in members[number])
                self.made[self._wrap("repeat", 5, elements)].blocks = len(blocks)
        self._put_leaves(of_element, 5)

    def _inside(self, elements: Iterable[int]) -> bool:
        """Tell whether any of these cones uses the result of another cone."""
        cones = self.cones
        return any(
            self.scene.nodes[tail].kind == "operation" and cones.element[tail] != e
            for e in elements
            for i in cones.members[e]
            for tail, _ in cones.incoming[i]
        )

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
            classes = {of_element[c] for c in self.users[leaf]}
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
            described = describe(
                self.scene,
                self.cones,
                draft.kind,
                draft.root,
                draft.members,
                draft.blocks,
            )
            groups.append(
                Group(
                    names[g],
                    kind=draft.kind,
                    level=draft.level,
                    title=described.title,
                    formula=described.formula,
                    parent=names[draft.parent],
                    size=sizes[g],
                    caption=described.caption or f"{sizes[g]:,} nodes",
                    copies=described.copies,
                    root=nodes[draft.root].name if draft.root >= 0 else "",
                    module=described.module,
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


def _is_regular(places: Sequence[int]) -> bool:
    """Tell whether nearly all of these places are a few distances apart.

    The steps of a loop are: what a step consists of lies between. Three distances,
    since one step may hold several of them, and steps may lie in each other.
    """
    gaps = Counter(b - a for a, b in pairwise(sorted(places)))
    return sum(n for _, n in gaps.most_common(3)) >= 0.9 * (len(places) - 1)
