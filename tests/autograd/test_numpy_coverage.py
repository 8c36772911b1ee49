"""Every ufunc and array function of NumPy: the right derivative, or a clear error.

The calls are generated: each function gets every pattern of arguments below, with each
set of options. What NumPy can do with floats must, with Values, either give the same
numbers and the derivatives that central differences of NumPy's own function give, or
raise an error that names the function. A number without its derivative is allowed only
where the differences are 0.
"""

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, array_tables, arrays
from autograd.errors import AutogradError, UnsupportedFunctionError

STEP = 1e-6

# Points away from kinks: no two equal, no sum, difference or quotient an integer.
X = np.array([0.3137, 0.7291, 0.5246])
Y = np.array([0.6418, 0.2753, 0.8532])
Z = np.array([1.3729, 2.2193, 1.7474])  # for arccosh
M = np.array(
    [[2.1394, 0.3412, 0.5783], [0.4657, 1.7628, 0.2176], [0.6931, 0.3349, 2.9268]]
)
N = np.array(
    [[0.8362, 0.4127, 0.1669], [0.2918, 0.6783, 0.9241], [0.3874, 0.7456, 0.5633]]
)
S, T = 0.4729, 0.8163
MASK = np.array([True, False, True])

# Floats become Values; the rest (ints, bools, texts, functions) stays what it is.
PATTERNS: dict[str, tuple[Any, ...]] = {
    "x": (X,),
    "z": (Z,),
    "M": (M,),
    "s": (S,),
    "x y": (X, Y),
    "z x": (Z, X),
    "-x": (-X,),
    "-z x": (-Z, X),
    "nan": (np.array([0.3137, np.nan, 0.5246]),),
    "M N": (M, N),
    "M x": (M, X),
    "x M": (X, M),
    "x s": (X, S),
    "s x": (S, X),
    "s t": (S, T),
    "x 1": (X, 1),
    "M 1": (M, 1),
    "x 3": (X, 3),
    "M 3": (M, 3),
    "x 60.5": (X, 60.5),
    "M (3, 3)": (M, (3, 3)),
    "M i": (M, np.array([[0], [2], [1]]), 1),
    "MN 3": (np.stack([M, N, M.T + N]), 3),
    "x [0, 2]": (X, [0, 2]),
    "M 0 1": (M, 0, 1),
    "M 2 0": (M, 2, 0),
    "x 1 s": (X, 1, S),
    "x i y": (X, [1, 0], Y[:2]),
    "M i x": (M, np.array([[0], [2], [1]]), X[:, None], 1),
    "x y z": (X, Y, Z),
    "x s t": (X, S, T),
    "s x y": (S, np.sort(X), Y),
    "[x y]": ([X, Y],),
    "[M N]": ([M, N],),
    "[s t]": ([S, T],),
    "[x y] 0": ([X, Y], 0),
    "mask x": (MASK, X),
    "x mask": (X, MASK),
    "mask x y": (MASK, X, Y),
    "x mask y": (X, MASK, Y),
    "[mask] [x]": ([MASK, ~MASK], [X, Y]),
    "x [mask] [f]": (X, [MASK, ~MASK], [np.square, np.sin]),
    "i [x y]": (np.array([1, 0, 1]), [X, Y]),
    "ij,j": ("ij,j", M, X),
    "...i,i": ("...i,i->...", M, X),
    "ii": ("ii", M),
    "x dtype": (X, np.float32),
    "f 0 M": (np.sum, 0, M),
    "f M 0": (np.sum, M, 0),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "": {},
    "axis": {"axis": 0},
    "axis, keepdims": {"axis": -1, "keepdims": True},
    "where": {"where": MASK},
    "where, initial": {"where": MASK, "initial": 0.22},
    "dtype": {"dtype": np.float32},
    "out": {"out": "floats"},
    "out of Values": {"out": "Values"},
    "ddof": {"ddof": 1},
    "correction": {"correction": 1},
    "mean": {"mean": 0.4},
    "weights": {"weights": X},
    "ord": {"ord": 1},
    "ord inf": {"ord": np.inf},
    "ord 3": {"ord": 3},
    "n": {"n": 2},
    "prepend": {"prepend": 0.5},
    "stable": {"stable": True},
    "min": {"min": 0.5},
    "include_initial": {"include_initial": True, "axis": 0},
    "mode": {"mode": "same"},
    "offset": {"offset": 1},
    "returned": {"returned": True},
}

# These take no real numbers.
UNREACHED = {
    *("bitwise_and", "bitwise_count", "bitwise_invert", "bitwise_left_shift"),
    *("bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor"),
    *("datetime_as_string", "gcd", "invert", "isnat", "lcm", "left_shift", "packbits"),
    *("ravel_multi_index", "right_shift", "unpackbits", "unravel_index"),
    "polyfit",  # warns of so few points
    "empty_like",  # undefined
    # deprecated in NumPy 1.26
    *("alltrue", "cumproduct", "msort", "product", "round_", "sometrue"),
}


def is_undefined(function: Any, option: str) -> bool:
    """Tell what leaves elements as they were in memory."""
    elementwise = function.__name__ == "clip" or (
        ufunc_of(function) and function.__name__ not in ("reduce", "accumulate")
    )
    return function is np.empty_like or (elementwise and option == "where")


def ufunc_of(function: Any) -> Any:
    """Return a ufunc itself, and that of which this is a method."""
    owner = getattr(function, "__self__", function)
    return owner if isinstance(owner, np.ufunc) else None


def population() -> dict[str, Any]:
    """Return every ufunc, and every function of which NumPy asks its arguments.

    What is neither takes no array, or makes one: `np.arange`, `np.full`.
    """
    return {
        f"{prefix}{name}": getattr(module, name)
        for module, prefix in ((np, ""), (np.linalg, "linalg."))
        for name in dir(module)
        if isinstance(getattr(module, name), np.ufunc)
        or hasattr(getattr(module, name), "_implementation")
    }


def is_float(x: Any) -> bool:
    return isinstance(x, float) or (isinstance(x, np.ndarray) and x.dtype == float)


def places_of_floats(args: Any) -> list[tuple[int, ...]]:
    """Return where floats and arrays of them stand, also in lists."""
    places: list[tuple[int, ...]] = []
    for i, arg in enumerate(args):
        if is_float(arg):
            places.append((i,))
        elif isinstance(arg, list):
            places += [(i, j) for j, x in enumerate(arg) if is_float(x)]
    return places


def at(args: Any, place: tuple[int, ...]) -> Any:
    for i in place:
        args = args[i]
    return args


def replaced(args: Any, new: dict[tuple[int, ...], Any]) -> list[Any]:
    """Return fresh arguments, with new ones at these places."""

    def fresh(x: Any, place: tuple[int, ...]) -> Any:
        if isinstance(x, list):
            return [fresh(each, (*place, j)) for j, each in enumerate(x)]
        return new.get(place, np.copy(x) if isinstance(x, np.ndarray) else x)

    return [fresh(x, (i,)) for i, x in enumerate(args)]


def elements(result: Any) -> Iterator[Any]:
    """Yield the numbers and Values of a result; texts and the like have none."""
    if isinstance(result, np.ndarray) and result.dtype.kind in "biufcO":
        yield from np.asarray(result).ravel().tolist()
    elif isinstance(result, list | tuple):
        for each in result:
            yield from elements(each)
    elif isinstance(result, Value | int | float | complex | np.number | np.bool_):
        yield result


def numbers(result: Any) -> np.ndarray:
    plain = [x.data if isinstance(x, Value) else x for x in elements(result)]
    return np.array(plain, complex)


def shapes(result: Any) -> Any:
    if isinstance(result, list | tuple):
        return [shapes(each) for each in result]
    return np.shape(result)


def call(function: Any, args: Any, options: dict[str, Any]) -> Any:
    """Call; the result of what returns nothing is what it has written into."""
    result = function(*args, **options)
    return args[0] if result is None else result


@functools.cache
def with_floats(function: Any, pattern: str, option: str) -> Any:
    """Return NumPy's result on floats, None where it can't do this."""
    args = replaced(PATTERNS[pattern], {})
    options = dict(OPTIONS[option])
    ufunc = ufunc_of(function)
    lists = any(len(place) > 1 for place in places_of_floats(args))
    if ufunc and lists:  # NumPy makes plain arrays
        return None
    if ufunc is function and len(args) != function.nin:  # what comes behind is out=
        return None
    if "out" in options:
        plain = with_floats(function, pattern, "")
        if not is_float(plain):
            return None
        options["out"] = np.zeros(np.shape(plain))
    try:
        with np.errstate(all="raise"):
            result = call(function, args, options)
        finite = np.isfinite(numbers(result)).all()
    except Exception:  # whatever NumPy says to arguments that do not fit
        return None
    objects = isinstance(result, np.ndarray) and result.dtype == object
    return result if finite and not objects else None


class Method:
    """A method of an array, as a function of the array and the arguments."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, array: np.ndarray, *args: Any, **how: Any) -> Any:
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{array} is no array")
        return getattr(array, self.__name__)(*args, **how)


class Spy:
    """Know whether NumPy has handed a function to us."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[Any] = []
        for name in ("apply_function", "apply_ufunc"):
            original = getattr(arrays, name)
            monkeypatch.setattr(arrays, name, functools.partial(self.note, original))

    def note(self, original: Callable[..., Any], function: Any, *args: Any, **how: Any):
        self.asked.append(function)
        return original(function, *args, **how)


def check(spy: Spy, function: Any, pattern: str, option: str, places: Any) -> str:
    """Compare one call on Values with NumPy on floats; return what came of it.

    "right", or "refused" by the clear error. Where NumPy did not ask us, it works on a
    plain array of objects, or fails in its own words: "not asked".
    """
    args, options = PATTERNS[pattern], dict(OPTIONS[option])
    expected = with_floats(function, pattern, option)
    if "out" in options:
        out = np.zeros(np.shape(expected))
        options["out"] = out if options["out"] == "floats" else autograd.array(out)
    leaves = {
        place: Value(float(x)) if np.ndim(x) == 0 else autograd.array(x)
        for place in places
        for x in [at(args, place)]
    }
    inputs = [x for leaf in leaves.values() for x in elements(leaf)]
    spy.asked.clear()
    target = ufunc_of(function) or function
    try:
        result = call(function, replaced(args, leaves), options)
    except Exception as error:
        if target not in spy.asked:
            return "not asked"
        if isinstance(error, AutogradError) and target.__name__ in str(error):
            return "refused"
        raise
    asked = target in spy.asked or isinstance(function, Method)
    came = "right" if asked else "not asked"
    found = list(elements(result))
    assert shapes(result) == shapes(expected)
    if came == "not asked" and not np.allclose(numbers(result), numbers(expected)):
        return came  # of objects, `np.all` gives one of them, as Python's `and` does
    np.testing.assert_allclose(numbers(result), numbers(expected), 1e-12, 1e-13)

    terms = [
        weight * x
        for weight, x in zip(weights(len(found)), found, strict=True)
        if isinstance(x, Value)
    ]
    slopes = autograd.sum([Value(0.0), *terms]).gradient(inputs)
    wanted = [differences(function, pattern, option, place) for place in places]
    np.testing.assert_allclose(slopes, np.concatenate(wanted), rtol=1e-6, atol=1e-7)
    return came


def weights(count: int) -> np.ndarray:
    """Return what projects a result on one number."""
    return np.cos(np.arange(count) + 0.5)


@functools.cache
def differences(function: Any, pattern: str, option: str, place: Any) -> np.ndarray:
    """Return the central differences of the projected result by one argument."""
    args, options = PATTERNS[pattern], dict(OPTIONS[option])
    options.pop("out", None)

    def projected(moved: Any) -> Any:
        result = numbers(call(function, replaced(args, {place: moved}), options))
        return result @ weights(len(result))

    point = np.asarray(at(args, place))
    steps = STEP * np.eye(point.size).reshape(-1, *point.shape)
    pairs = [(projected(point + h), projected(point - h)) for h in steps]
    return np.array([(up - down) / (2 * STEP) for up, down in pairs])


def outcomes(spy: Spy, functions: dict[str, Any]) -> dict[str, list[str]]:
    """Check every function in every way; return what came of it, failures included."""
    found: dict[str, list[str]] = {name: [] for name in functions}
    for (name, function), pattern, option in itertools.product(
        functions.items(), PATTERNS, OPTIONS
    ):
        if is_undefined(function, option):
            continue
        if with_floats(function, pattern, option) is None:
            continue
        places = places_of_floats(PATTERNS[pattern])
        # All floats become Values, and then one at a time.
        ways = [places, *([place] for place in places)] if len(places) > 1 else [places]
        for way in ways[: 1 if option else None] if places else []:
            try:
                found[name].append(check(spy, function, pattern, option, way))
            except Exception as error:
                text = " ".join(str(error).split())
                found[name].append(f"{name}({pattern}; {option}) {way}: {text:.300}")
    return found


def failures(found: dict[str, list[str]]) -> list[str]:
    known = {"right", "refused", "not asked"}
    return [text for texts in found.values() for text in texts if text not in known]


def supported(name: str, function: Any) -> bool:
    """Tell whether a table has the function, by its own name or by this one."""
    tables = [getattr(array_tables, table) for table in TABLES]
    own = name.rpartition(".")[0] + name.rpartition(".")[1] + function.__name__
    return function in array_tables.RULE_OF or any(
        x in table for x in (own, name) for table in tables
    )


TABLES = (
    *("BY_NUMPY", "COMPOSED", "FUNCTIONS", "IN_PLACE"),
    *("ON_NUMBERS", "PREDICATES", "PRODUCTS"),
)


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Spy:
    monkeypatch.chdir(tmp_path)  # np.save("ij,j", array) makes a file
    return Spy(monkeypatch)


def test_every_function_is_right_or_refuses_by_name(spy: Spy) -> None:
    functions = population()
    found = outcomes(spy, functions)
    assert failures(found) == []
    nothing = {name for name, came in found.items() if not came}
    assert nothing == UNREACHED & set(functions)
    # What the tables promise has been seen to be right, and nothing else.
    right = {name for name, came in found.items() if "right" in came}
    promised = {name for name, f in functions.items() if supported(name, f)}
    assert right == promised - {"empty_like"}
    assert len(functions) > 310
    assert len(right) > 220
    assert sum(came.count("right") for came in found.values()) > 4000


def test_the_tables_name_functions_of_numpy() -> None:
    names = {name for table in TABLES for name in getattr(array_tables, table)}
    known = set(population()) | {"lib.stride_tricks.sliding_window_view"}
    assert names - known == NOT_IN_THIS_NUMPY & names - known
    assert len(names) > 190


# In NumPy 1.26 only, and in later ones only.
NOT_IN_THIS_NUMPY = {
    *("row_stack", "trapz"),
    *("cumulative_prod", "cumulative_sum", "matrix_transpose", "trapezoid", "unstack"),
    *("matvec", "vecdot", "vecmat"),
    *("linalg.cross", "linalg.diagonal", "linalg.matmul", "linalg.matrix_norm"),
    *("linalg.matrix_transpose", "linalg.outer", "linalg.tensordot", "linalg.trace"),
    *("linalg.vecdot", "linalg.vector_norm"),
}


def test_fourier_transforms_refuse_by_name() -> None:
    names = [
        name for name in dir(np.fft) if hasattr(getattr(np.fft, name), "__wrapped__")
    ]
    for name in names:
        with pytest.raises(UnsupportedFunctionError, match=f"np.fft.{name} has no"):
            getattr(np.fft, name)(autograd.array(M))
    assert len(names) == 16


def test_every_method_of_a_ufunc_is_right_or_refuses_by_name(spy: Spy) -> None:
    functions = {
        f"{name}.{method}": getattr(function, method)
        for name, function in population().items()
        if isinstance(function, np.ufunc) and function.nin == 2
        for method in ("reduce", "accumulate", "outer", "reduceat", "at")
    }
    found = outcomes(spy, functions)
    assert failures(found) == []
    right = {name for name, came in found.items() if "right" in came}
    assert {name for name in right if name.endswith(".reduce")} == {
        f"{name}.reduce"
        for name in (
            *("add", "multiply", "maximum", "minimum", "hypot", "logaddexp"),
            *("logical_and", "logical_or", "logical_xor"),
        )
    }
    assert len(functions) > 150
    assert len(right) > 60


def test_every_method_of_an_array_is_right_or_refuses(spy: Spy) -> None:
    names = {name for name in dir(np.ndarray) if callable(getattr(np.ndarray, name))}
    found = outcomes(
        spy,
        {
            name: Method(name)
            for name in names - ON_MEMORY
            if not name.startswith("_") or name in OPERATORS
        },
    )
    assert failures(found) == []
    assert sum("right" in came for came in found.values()) > 70


# These are about bytes, or ask for the plain number by name.
ON_MEMORY = {
    *("byteswap", "dump", "dumps", "getfield", "item", "itemset", "newbyteorder"),
    *("setfield", "setflags", "tobytes", "tofile", "tostring", "view"),
}
OPERATORS = {
    f"__{prefix}{name}__"
    for name in (
        *("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul"),
        *("neg", "pos", "abs", "invert", "and", "or", "xor", "lshift", "rshift"),
        *("lt", "le", "eq", "ne", "gt", "ge", "getitem", "setitem", "contains", "copy"),
    )
    for prefix in ("", "r", "i")
} | {"__len__", "__iter__", "__bool__", "__float__", "__int__", "__index__"}
