"""`python -m autograd`: the table, second derivatives, the picture, and bad input."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from autograd import __main__ as command_line
from autograd.drawing import rendering

# The numbers are those of Karpathy's lecture on micrograd.
NEURON = """\
python -m autograd "tanh(w1*x1 + w2*x2 + b)" w1=-3 x1=2 w2=1 x2=0 b=6.8813735870195432

tanh(w1*x1 + w2*x2 + b) = 0.7071067811865477

      sub-expression            value       gradient   local derivatives
#1    w1                        -3           1
#2    x1                         2          -1.5
#3    w2                         1           0
#4    x2                         0           0.5
#5    b                          6.88137     0.5
#6    w1*x1                     -6           0.5       ∂/∂w1 = 2, ∂/∂x1 = -3
#7    w2*x2                      0           0.5       ∂/∂w2 = 0, ∂/∂x2 = 1
#8    w1*x1 + w2*x2             -6           0.5       ∂/∂(w1*x1) = 1, ∂/∂(w2*x2) = 1
#9    w1*x1 + w2*x2 + b          0.881374    0.5       ∂/∂(w1*x1 + w2*x2) = 1, ∂/∂b = 1
#10   tanh(w1*x1 + w2*x2 + b)    0.707107    1         ∂/∂#9 = 0.5
"""


@pytest.fixture
def run(capsys):
    """Run the command line; return its status, output and errors."""

    def run(*arguments):
        try:
            status = command_line.main(arguments)
        except SystemExit as stopped:
            status = stopped.code
        return status, *capsys.readouterr()

    return run


def table(output):
    """Return the table's rows as {sub-expression: the rest of the row}."""
    rows = re.findall(r"^#\d+ +(.*?)(?:   +(.*))?$", output, re.MULTILINE)
    return {text: rest.split("   ") for text, rest in rows}


def module(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "autograd", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        **options,
    )


# What is printed


def test_without_arguments_a_worked_neuron(run):
    assert run() == (0, NEURON, "")


def test_the_line_that_the_neuron_shows_gives_the_same(run):
    line, _, rest = NEURON.partition("\n\n")
    arguments = re.findall(r'"(.*)" (.*)$', line)[0]
    assert run(arguments[0], *arguments[1].split()) == (0, rest, "")


TINY = """\
x*x = 1e-18

     sub-expression   value   gradient   local derivatives
#1   x                1e-09   2e-09
#2   x*x              1e-18   1          ∂/∂x = 1e-09, ∂/∂x = 1e-09
"""


def test_as_a_module():
    done = module("x*x", "x=1e-9", env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == TINY


def test_wrt_restricts_the_gradients(run):
    _, output, _ = run("sin(x)*y + exp(y)", "x=0", "y=2", "--wrt", "x")
    rows = {text: " ".join(rest).split() for text, rest in table(output).items()}
    assert rows["x"] == ["0", "2"]
    assert rows["y"] == ["2"]  # a value, no gradient
    assert rows["exp(y)"] == ["7.38906", "∂/∂y", "=", "7.38906"]
    assert rows["sin(x)"][:2] == ["0", "2"]


def test_second_derivatives(run):
    status, output, _ = run("x**2 * y", "x=3", "y=5", "--second")
    assert status == 0
    assert output.endswith(
        "\nsecond derivatives\n"
        "    x    y\n"
        "x   10   6\n"  # ∂²/∂x² = 2y, ∂²/∂x∂y = 2x
        "y    6   0\n"
    )
    _, output, _ = run("x**2 * y", "x=3", "y=5", "--second", "--wrt", "y, x,y")
    assert output.endswith("second derivatives\n    y   x\ny   0    6\nx   6   10\n")


def test_conditions_indices_and_constants(run):
    _, output, _ = run("where(x > 0, log(x), 0) * 2**3", "x=-1")
    rows = table(output)
    assert "".join(rows["x > 0"]).strip() == "False"
    assert "".join(rows["2**3"]).strip() == "8"
    _, output, _ = run("take([x, y], i)", "x=3", "y=4", "i=1")
    assert "".join(table(output)["take([x, y], i)"]).endswith("∂/∂x = 0, ∂/∂y = 1")


def test_numbers_only(run):
    assert run("2") == (0, "2 = 2.0\n", "")
    assert run("9**9**9**9")[1].startswith("9**9**9**9 = inf\n")


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        (["-x**2", "x=3"], "-x**2 = -9.0"),
        (["-x", "x=-1e3"], "-x = 1000.0"),
        (["x", "x=inf"], "x = inf"),
        (["x", "x = -pi/4"], "x = -0.7853981633974483"),
        (["µ", "μ=2"], "µ = 2.0"),
        (["--wrt", "x", "x*y", "x=2", "--second", "y=3"], "x*y = 6.0"),
    ],
)
def test_arguments(run, arguments, result):
    status, output, errors = run(*arguments)
    assert (status, errors, output.splitlines()[0]) == (0, "", result)


def test_a_long_sum_leaves_rows_out(run):
    status, output, _ = run(" + ".join(["a"] * 5000), "a=1")
    lines = output.splitlines()
    assert status == 0
    assert lines[0] == f"{'a + ' * 10}…{'+ a ' * 10}= 5000.0"
    assert "… 4,600 rows left out" in lines
    assert len(lines) == 404
    assert max(map(len, lines)) < 110
    assert lines[-1].split()[-6:] == ["∂/∂#4999", "=", "1,", "∂/∂a", "=", "1"]


def test_many_operands_are_cut(run):
    _, output, _ = run(
        f"sum({', '.join('abcdefghi')})".replace("e", "z"),
        *[f"{c}=1" for c in "abcdzfghi"],
    )
    assert output.rstrip().endswith("∂/∂f = 1, … 3 more")


def test_an_output_without_mathematics(run, monkeypatch):
    plain = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", plain)
    assert command_line.main(["é*x", "é=2", "x=3"]) == 0
    plain.seek(0)
    text = plain.read()
    assert r"\xe9*x = 6.0" in text
    assert r"d/d\xe9 = 3, d/dx = 2" in text


def test_a_tree(run, monkeypatch):
    status, output, _ = run("x*x + y", "x=3", "y=1", "--text")
    assert status == 0
    assert output.splitlines() == [
        "x*x + y = 10.0",
        "",
        "v2 = v1 + y        data 10  grad 1",
        "├─ [1] v1 = x × x  data 9   grad 1",
        "│  ├─ [3] x        data 3   grad 6",
        "│  └─ [3] x ↑",
        "└─ [1] y           data 1   grad 1",
    ]
    plain = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", plain)
    assert command_line.main(["x*x", "x=3", "--text"]) == 0
    plain.seek(0)
    assert "|- [3] x    data 3  grad 6" in plain.read()


def test_help_and_version(run):
    status, output, _ = run("--help")
    assert status == 0
    for text in ("NAME=NUMBER", "--wrt NAMES", "examples:", "--out graph.svg", "tanh"):
        assert text in output
    assert max(map(len, output.splitlines())) <= 80
    status, output, _ = run("--version")
    assert status == 0
    assert re.fullmatch(r"autograd \S.*\n", output)


def test_the_examples_of_the_help_work(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, output, _ = run("--help")
    examples = re.findall(r"^  python -m autograd (\S.*)$", output, re.MULTILINE)
    assert len(examples) == 5
    for example in examples:
        arguments = [a or b for a, b in re.findall(r'"(.*?)"|(\S+)', example)]
        assert run(*arguments)[::2] == (0, "")


# The picture


@pytest.mark.parametrize("suffix", ["svg", "png", "dot", "gv"])
def test_out(run, tmp_path, suffix):
    path = tmp_path / f"graph.{suffix}"
    status, output, errors = run("x*x + 1", "x=3", "--out", str(path))
    assert (status, errors) == (0, "")
    assert output.endswith(f"\nwrote {path}\n")
    assert path.stat().st_size > 500


def test_play(run, tmp_path):
    path = tmp_path / "player.html"
    status, output, errors = run("x*x + 1", "x=3", "--play", str(path))
    assert (status, errors) == (0, "")
    assert output.endswith(f"\nwrote {path}\n")
    assert "<main" in path.read_text(encoding="utf-8")
    status, _, errors = run("x*x", "x=3", "--play", str(tmp_path / "player.svg"))
    assert status == 2
    assert "--play takes a name with .html" in errors
    status, _, errors = run("x*x", "x=3", "--play", str(tmp_path / "no" / "a.html"))
    assert status == 2
    assert "cannot write" in errors


def test_out_without_an_expression_draws_the_neuron(run, tmp_path):
    assert run("--out", str(tmp_path / "neuron.dot"))[0] == 0
    assert "tanh(v4)" in (tmp_path / "neuron.dot").read_text(encoding="utf-8")


def test_without_graphviz_the_rest_is_done(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(rendering, "_pure_binary", lambda: None)
    status, output, errors = run("x*x", "x=3", "--out", str(tmp_path / "a.svg"))
    assert status == 0
    assert "∂/∂x = 3" in output
    assert errors == (
        "python -m autograd: not drawn: SVG needs Graphviz, which is not installed: "
        "pip install graphviz-pure, or install the package graphviz of your system\n"
    )
    assert run("x*x", "x=3", "--out", str(tmp_path / "a.dot"))[0] == 0


def test_without_the_graphviz_package_the_rest_is_done(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    status, output, errors = run("x*x", "x=3", "--out", str(tmp_path / "a.dot"))
    assert (status, "∂/∂x = 3" in output) == (0, True)
    assert "not drawn: drawing needs the package 'graphviz', which is not" in errors


# Bad input: one line, status 2

BAD = [
    ([""], "the expression is empty; an expression has numbers, names,"),
    (["__import__('os')"], """column 12, at "'os')": a string is not allowed"""),
    (["x.real", "x=1"], "column 2, at '.real': attribute access is not allowed"),
    (["(" * 3000 + ")" * 3000], "too many nested parentheses"),
    (["*".join("x" * 50_000), "x=1"], "the expression is nested too deeply"),
    (["tahn(x)", "x=1"], "unknown operation 'tahn'; did you mean tan or tanh"),
    (["x*y", "x=1"], "no value for y: add y=NUMBER"),
    (["x*y"], "no value for x, y: add x=NUMBER y=NUMBER"),
    (["x*x", "x=1", "x=1"], "x is given twice"),
    (["µ", "μ=1", "µ=1"], "μ is given twice"),
    (["x*x", "x=1", "y=1"], "y is no variable here: the expression has x"),
    (["2", "y=1"], "y is no variable here: the expression has none"),
    (["x*e", "x=1", "e=1"], "e is a constant: rename the variable"),
    (["x*x", "1"], "'1' is not NAME=NUMBER, as in x=2"),
    (["x*x", "2=1"], "'2=1' is not NAME=NUMBER, as in x=2"),
    (["x*x", "=1"], "'=1' is not NAME=NUMBER, as in x=2"),
    (["x*x", "x=abc"], "'x=abc' has no number: it takes one, or one like pi/4"),
    (["x*x", "x="], "'x=' has no number: the expression is empty"),
    (["x*x", "x=1 2"], "'x=1 2' has no number: column 3, at '2': "),
    (["x*x", "x=a\nb"], r"'x=a\nb' has no number: column 3"),
    (
        ["x*x", "x=1e400"],
        "'x=1e400' is beyond the floats, which end at 1.8e308: write inf",
    ),
    (["x*x", "x=" + "9" * 400], "is beyond the floats"),
    (["x*x", "x=1", "--wrt", "y"], "--wrt: 'y' is no variable: the expression has x"),
    (["x*x", "x=1", "--wrt", "x,"], "--wrt: '' is no variable: the expression has x"),
    (["2", "--second"], "--second: the expression has no variables"),
    (["round(x, n)", "x=1", "n=1.5"], "round takes a whole number there, got 1.5"),
    (
        ["x", "x=1", "--out", "graph.jpg"],
        "--out takes a name with .svg .png .pdf",
    ),
    (["x", "x=1", "--out", ""], "--out takes a name with .svg .png .pdf"),
    (["x", "x=1", "--out"], "argument --out: expected one argument"),
    (["x", "x=1", "--unknown\n"], "unrecognized arguments: --unknown"),
    (["x", "x=1", "--sec"], "unrecognized arguments: --sec"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[m[:30] for _, m in BAD])
def test_bad_input(run, arguments, message):
    status, output, errors = run(*arguments)
    assert (status, output) == (2, "")
    assert errors.startswith("python -m autograd: error: ")
    assert message in errors
    assert errors.count("\n") == 1
    assert len(errors) < 350


@pytest.mark.parametrize("name", ["missing/a.svg", "folder.dot"])
def test_unwritable(run, tmp_path, name):
    (tmp_path / "folder.dot").mkdir()
    path = tmp_path / name
    status, output, errors = run("x*x", "x=1", "--out", str(path))
    assert status == 2
    assert "wrote" not in output
    assert re.fullmatch(
        f"python -m autograd: error: cannot write {re.escape(str(path))}: .+\n", errors
    )


def test_a_large_graph_is_folded(run, tmp_path):
    path = tmp_path / "a.dot"
    status, _, _ = run("+".join(["a"] * 3000), "a=1", "--out", str(path))
    assert status == 0
    assert "3,000 nodes in 2 boxes" in path.read_text()


def test_a_reader_that_stops_is_no_error():
    text = " + ".join(["sin(a)"] * 5000)
    with subprocess.Popen(
        [sys.executable, "-m", "autograd", text, "a=1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_an_interruption_is_quiet(run, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "parse", interrupted)
    assert run("x", "x=1") == (130, "", "")


def test_import_stays_light():
    code = (
        "import sys; from autograd import __main__ as m; m.main(['x*x', 'x=1']);"
        "print(sorted({'graphviz', 'numpy'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.splitlines()[-1] == b"[]"
    assert Path(command_line.__file__).name == "__main__.py"
