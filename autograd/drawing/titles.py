"""What a folded group is called, and what it computes, in few words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from ..printing.formatting import number, shortened
from ..printing.formulas import added_up, formula
from .cones import Cones
from .scene import Scene, module_of, short_title


@dataclass(frozen=True, slots=True)
class Description:
    """What a group is called and holds; see `scene.Group`."""

    title: str
    formula: str
    caption: str = ""
    copies: tuple[int, ...] = ()
    module: str = ""


def describe(
    scene: Scene,
    cones: Cones,
    kind: str,
    root: int,
    members: Sequence[int],
    blocks: int,
) -> Description:
    """Describe a group by the place of its result, or else by its members.

    blocks: how many neurons a layer has, how many steps a loop.
    """
    nodes, scopes = scene.nodes, cones.scope
    if root >= 0:
        scope = scopes[cones.element[root]]
        return Description(*describe_cone(scene, cones, root), module=scope)
    title, text = title_of_many(scene, cones, kind, members)
    many, times = len(members), 1
    if kind == "leaves":
        module = common_module([module_of(nodes[i].title) for i in members])
        is_parameter = nodes[members[0]].parameter
        noun = "parameters" if is_parameter else "leaves"
        return Description(
            title,
            "",
            caption=f"{many:,} {noun}",
            copies=(many, 1),
            module=module if is_parameter else "",
        )
    if kind == "copies":
        many, times = 1, len(members)
    elif kind == "layer":
        many, times = blocks, many // blocks
    elif kind == "repeat" and many % blocks == 0:
        many, times = many // blocks, blocks
    noun = "neurons" if cones.weighs(scene, members[0]) else "results"
    words = [f"{many:,} {noun}"] if many > 1 else []
    if times > 1:
        words.append(f"× {times:,}{' steps' if kind == 'repeat' else ''}")
    module = common_module([scopes.get(i, "") for i in members])
    return Description(title, text, " ".join(words), (many, times), module)


_DEEPEST = 6  # levels of operations in one formula


def describe_cone(scene: Scene, cones: Cones, root: int) -> tuple[str, str]:
    """Return a cone's title and its formula over what goes into it."""
    scope = cones.scope.get(root, "")
    node = scene.nodes[root]
    text = _expression(scene, cones, root, cones.element[root], _DEEPEST, scope)
    return (node.title if node.named or not scope else scope), text


def title_of_many(
    scene: Scene, cones: Cones, kind: str, members: Sequence[int]
) -> tuple[str, str]:
    """Return the title and the formula of cones or leaves that are alike."""
    nodes, first, last = scene.nodes, members[0], members[-1]
    if kind == "leaves":
        module = common_module([module_of(nodes[i].title) for i in members])
        if module and nodes[first].parameter:
            return module, ""
        if nodes[first].named and nodes[last].named:
            return f"{nodes[first].title} … {nodes[last].title}", ""
        return "", ""
    title, text = describe_cone(scene, cones, first)
    if nodes[first].named and nodes[last].named:
        title = f"{nodes[first].title} … {nodes[last].title}"
    elif nodes[last].named and nodes[last].is_output:
        title = nodes[last].title
    else:
        title = common_module([cones.scope.get(i, "") for i in members])
    return title, text


def common_module(paths: Sequence[str]) -> str:
    """Return the module that all these paths lie in.

    >>> common_module(["layers[0].neurons[0]", "layers[0].neurons[15]"])
    'layers[0]'
    """
    columns = zip(*(path.split(".") for path in {*paths}), strict=False)
    same = takewhile(lambda column: len({*column}) == 1, columns)
    return ".".join(column[0] for column in same)


def _expression(
    scene: Scene, cones: Cones, i: int, cone: int, depth: int, scope: str
) -> str:
    """Print an operation with the operations below it in the same cone."""
    nodes = scene.nodes

    def inside(j: int) -> bool:
        return nodes[j].kind == "operation" and cones.element[j] == cone

    def text(j: int, levels: int) -> str:
        if inside(j) and levels:
            return _expression(scene, cones, j, cone, levels, scope)
        return shortened(short_title(nodes[j].title, nodes[j].parameter), 20)

    if nodes[i].operation == "add":
        terms = _terms(scene, cones, i, inside)
        many = len(terms) > 3
        shown = [text(t, depth - 1) for t in (terms[:2] if many else terms)]
        if many:  # those between are not printed at all
            shown += ["…", text(terms[-1], depth - 1)]
        return added_up("sum", shown, most=4)
    operands: list[str] = []
    for tail, _ in cones.incoming[i]:
        if nodes[tail].kind == "constant":
            operands += map(number, nodes[tail].data)
            continue
        operand = text(tail, depth - 1)
        is_operator = "(" not in nodes[i].pattern or nodes[i].operation == "square"
        called = operand.endswith(")") and operand.partition("(")[0].isidentifier()
        if inside(tail) and " " in operand and is_operator and not called:
            operand = f"({operand})"
        operands.append(operand)
    return formula(nodes[i].operation, nodes[i].pattern, operands)


def _terms(
    scene: Scene, cones: Cones, i: int, inside: Callable[[int], bool]
) -> list[int]:
    """Return the terms of a sum that was added up from the left."""
    terms: list[int] = []
    while inside(i) and scene.nodes[i].operation == "add":
        operands = cones.incoming[i]
        terms.append(operands[-1][0])
        i = operands[0][0]
    is_zero = scene.nodes[i].kind == "constant" and scene.nodes[i].data == (0,)
    return [*([] if is_zero else [i]), *reversed(terms)]  # 0 is where `sum` begins
