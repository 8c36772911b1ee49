"""Documents that are written from the code, or show code, are in step with it."""

import doctest
import inspect
import operator
import re
import types
from pathlib import Path

import pytest

import autograd
import nn
from autograd.drawing.operations import operations_table
from autograd.rules import RULES

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def test_the_table_of_operations_is_that_of_the_rules():
    text = (NOTEBOOKS / "operations.md").read_text(encoding="utf-8")
    assert text.endswith(operations_table())
    assert all(f"| `{name}` |" in text for name in RULES)


def test_the_comparison_notes_run():
    path = NOTEBOOKS / "coming_from.md"
    failed, tried = doctest.testfile(str(path), module_relative=False)
    assert tried > 5
    assert not failed


# Docstrings

SHADOWING = ["abs", "compile", "max", "min", "pow", "round", "sum"]
PUBLIC = {
    f"{package.__name__}.{name}": getattr(package, name)
    for package, more in ((autograd, SHADOWING), (nn, []))
    for name in [*package.__all__, *more]
}
INNER = {
    f"{name}.{inner}": getattr(module, inner)
    for name, module in PUBLIC.items()
    if isinstance(module, types.ModuleType)
    for inner in module.__all__
}
# These take nothing that they could refuse, or are made by the package.
REFUSE_NOTHING = {
    *("autograd.GradientReport", "autograd.label_locals", "autograd.no_grad"),
    *("nn.GradientFlow", "nn.History", "nn.LastOutput", "nn.Run", "nn.detach"),
    *("nn.datasets.Dataset", "nn.datasets.Scaling", "nn.datasets.Split"),
    *("nn.datasets.iris", "nn.synthetic.Samples", "nn.synthetic.xor"),
    *("nn.initializers.micrograd", "nn.initializers.zeros"),
    *("nn.initializers.default_for", "nn.metrics.plain", "nn.metrics.predicted"),
    *("nn.optimizers.Method", "nn.optimizers.chain"),
}


def is_error(found):
    return isinstance(found, type) and issubclass(found, BaseException)


def lacks(name, found):
    """Say what a public name's own docstring lacks: nothing, if it is complete."""
    text = vars(found).get("__doc__") if isinstance(found, type) else found.__doc__
    if not text:
        return ["a docstring"]
    missing = []
    first = text.strip().splitlines()[0]
    if not first.endswith((".", ":")):
        missing.append("a first line that is a sentence")
    module = isinstance(found, types.ModuleType)
    if ">>>" not in text and not module:  # its functions have examples
        missing.append("an example")
    refuses = not is_error(found) and not module
    if (
        refuses
        and name not in REFUSE_NOTHING
        and not re.search(r"\braises?\b", text, re.I)
    ):
        missing.append("a word on errors")
    return missing


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "autograd.RULES"])
def test_public_names_have_docstrings_with_example_and_errors(name):
    assert lacks(name, PUBLIC[name]) == []


@pytest.mark.parametrize("name", INNER)
def test_what_public_modules_hold_has_docstrings_with_example_and_errors(name):
    found = INNER[name]
    if isinstance(found, type) or inspect.isroutine(found):  # no constant
        assert lacks(name, found) == []


def test_lacking_docstrings_are_found_out():
    def bare(x):
        return x

    def short(x):
        """Return x"""

    assert lacks("bare", bare) == ["a docstring"]
    assert lacks("short", short) == [
        "a first line that is a sentence",
        "an example",
        "a word on errors",
    ]


@pytest.mark.parametrize("package", [autograd, nn])
def test_help_of_a_package_names_what_it_has(package):
    text = package.__doc__
    operations = set(RULES)
    absent = [
        name
        for name in package.__all__
        if not re.search(rf"\b{name}\b", text)
        and name not in operations
        and not is_error(getattr(package, name))
    ]
    assert absent == []


def test_exceptions_stand_in_their_tree():
    for name, found in PUBLIC.items():
        if is_error(found) and found.__module__ == "autograd.errors":
            short = name.removeprefix("autograd.")
            assert re.search(rf"\b{short}\b", autograd.errors.__doc__)


GENERATED = [name for name in RULES if name in autograd.functions.__all__]
WRITTEN_BY_HAND = {"clip", "dot", "round", "take", "where"}


@pytest.mark.parametrize("name", sorted(set(GENERATED) - WRITTEN_BY_HAND))
def test_operations_say_their_derivatives_domain_and_convention(name):
    rule, text = RULES[name], inspect.getdoc(getattr(autograd, name))
    assert text.startswith("Return ")
    assert len(re.findall(r"∂/∂\S+ = `[^`]+`", text)) >= max(1, rule.arity or 0) - len(
        rule.static
    )
    assert rule.note in text
    finite = [end for end in sum(rule.domain, ()) if abs(end) < 1e9]
    assert all(f"{end:g}" in text for end in finite)


def test_composite_operations_say_their_formula():
    assert "Return softsign(x) = x / (1 + |x|).\n" in autograd.softsign.__doc__
    assert "Return sigmoid(x) = 1 / (1 + exp(-x)).\n" in autograd.sigmoid.__doc__


# What a newcomer types

WRONG_NAMES = [
    (autograd, "gard", "autograd.grad?"),
    (autograd, "arcsin", "autograd.asin?"),
    (autograd, "check", "autograd.check_gradient?"),
    (autograd, "Tensor", "autograd.Value?"),
    (autograd, "jit", "autograd.compile?"),
    (autograd, "nn", "import nn"),
    (nn, "Linear", "nn.Dense"),
    (nn, "ReLU", 'activation="relu"'),
    (nn, "optim", "nn.SGD"),
]


@pytest.mark.parametrize(("where", "name", "advice"), WRONG_NAMES)
def test_a_wrong_name_gets_advice(where, name, advice):
    with pytest.raises(AttributeError, match=re.escape(advice)) as raised:
        getattr(where, name)
    assert f"no attribute {name!r}" in str(raised.value)


@pytest.mark.parametrize("where", [autograd, nn])
def test_a_name_like_no_other_gets_none(where):
    with pytest.raises(AttributeError, match=r"no attribute 'qqqqqq'$"):
        operator.attrgetter("qqqqqq")(where)


def test_advice_names_what_is_there():
    for package in (autograd, nn):
        text = " ".join(package._ELSEWHERE.values())
        for path in re.findall(r"\b(?:autograd|nn)\.[\w.]*\w", text):
            first, *rest = path.split(".")
            found = {"autograd": autograd, "nn": nn}[first]
            for name in rest:
                found = getattr(found, name)


def test_an_array_has_no_backward():
    with pytest.raises(autograd.ArgumentError, match=r"shape \(2,\).*np.sum"):
        (autograd.array([1.0, 2.0]) * 2).backward()


@pytest.mark.parametrize("wrong", [3, None])
def test_what_is_no_model_and_no_list_is_refused(wrong):
    with pytest.raises(autograd.ArgumentError, match="a model or a list of Values"):
        nn.SGD(wrong, lr=0.1)
    with pytest.raises(autograd.ArgumentError, match="its layers as one list"):
        nn.Sequential(wrong)


def test_a_report_shows_its_verdict_at_a_prompt():
    report = autograd.check_gradient(lambda x: x * x, lambda x: 3 * x, 2.0)
    assert repr(report) == str(report)
    assert "WRONG" in repr(report)


def test_arguments_as_a_tuple_are_refused():
    with pytest.raises(autograd.ArgumentError, match=r"takes \(a, b\).*one by one"):
        autograd.check_gradient(lambda a, b: a * b, lambda a, b: (b, a), (1.0, 2.0))
