"""Program → scene, for `draw(program)`: what is computed, without numbers."""

from ..compiling.program import Program, form
from ..printing.formatting import number
from ..printing.formulas import formula
from ..rules import RULES
from .scene import Edge, Node, Scene


def scene_of_program(program: Program) -> Scene:
    """Return the scene of a program: its inputs, instructions, outputs; no guards."""
    constants = range(len(program.inputs), program.start)
    titles = program.names()
    for i, value in zip(constants, program.constants, strict=True):
        titles[i] = number(value)
    outputs = set(program.outputs)
    nodes = [
        Node(f"s{i}", "leaf", title, "", None, None, i in outputs, named=True)
        for i, title in enumerate(program.inputs)
    ]
    edges: list[Edge] = []
    for slot, (name, *places) in enumerate(program.code, program.start):
        texts = [titles[place] for place in places]
        pattern = RULES[name].text if name in RULES else f"{name}(#*)"
        for place, operand in enumerate(places):
            tail = f"s{operand}"
            if operand in constants:
                value = program.constants[operand - len(program.inputs)]
                tail = f"s{slot}_{place + 1}"
                nodes.append(
                    Node(tail, "constant", titles[operand], "", (value,), None, False)
                )
            edges.append(Edge(tail, f"s{slot}", place, None))
        nodes.append(
            Node(
                f"s{slot}",
                "operation",
                title=titles[slot],
                formula=formula(name, pattern, texts)
                if name in RULES and name != "where"
                else form(name, texts),
                data=None,
                grad=None,
                is_output=slot in outputs,
                operation=name,
                pattern=pattern,
            )
        )
    return Scene(tuple(nodes), tuple(edges), total=len(program.inputs + program.code))
