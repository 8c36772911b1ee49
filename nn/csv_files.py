"""`read_csv`: tables of samples from CSV files, with every bad cell named."""

import csv
import io
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from autograd import ArgumentError

from .lookup import known

__all__ = ["Dataset", "read_csv"]

Label = TypeVar("Label", int, float)


class Dataset(NamedTuple, Generic[Label]):
    """Samples as rows of features, a label for each, and what they are called.

    The labels are class indices, and `class_names` names the classes; or, where it is
    empty, they are numbers to be predicted.

    >>> Dataset([[5.1], [6.2]], [0, 1], ("width",), ("setosa", "virginica")).class_names
    ('setosa', 'virginica')
    """

    features: list[list[float]]
    labels: list[Label]
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]


class _Table(NamedTuple):
    """The cells of a file as text: names of columns, rows, and the rows' lines."""

    source: str
    names: list[str]
    rows: list[list[str]]
    lines: list[int]

    def at(self, row: int, column: int) -> str:
        """Say where a cell is."""
        return (
            f"{self.source}, line {self.lines[row]}, column {self.names[column]!r} "
            f"({column + 1} of {len(self.names)})"
        )


def read_csv(
    path: str | os.PathLike[str],
    target: str | int = -1,
    *,
    features: Sequence[str | int] | None = None,
    classes: bool | None = None,
    header: bool = True,
    delimiter: str = ",",
) -> Dataset[Any]:
    r"""Read features and labels from a CSV file in UTF-8.

    target: the column of labels, by name or place; the last by default.
    features: the columns of features; by default all others, in their order.
    classes: whether labels are classes. By default they are if they are text; labels
        that are all numbers are taken as numbers. Classes are numbered as they first
        appear, or, if their names are numbers, by size.
    header: whether the first line has the columns' names.
    delimiter: what stands between cells.

    Empty lines and lines that begin with # are skipped.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "flowers.csv")
    ...     _ = path.write_text("length,width,kind\n1.5,0.2,rose\n3,1,lily\n")
    ...     read_csv(path).features, read_csv(path).labels
    ([[1.5, 0.2], [3.0, 1.0]], [0, 1])

    Raises `ArgumentError` naming file, line and column of a cell that is empty, no
    number, NaN or infinite, lines of different widths, a file without samples or that
    is no text, and columns that are not there; OSError as `open` does.
    """
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '\r\n"#':
        raise ArgumentError(
            f"delimiter is one character, such as ';', got {delimiter!r}"
        )
    table = _table(path, header, delimiter)
    label_column = _place(table, target)
    if features is None:
        columns = [c for c in range(len(table.names)) if c != label_column]
    else:
        columns = [_place(table, column) for column in features]
    if not columns:
        raise ArgumentError(
            f"{table.source} has no column of features beside {target!r}: give a table "
            f"with two columns or more, or another delimiter than {delimiter!r}"
        )
    if label_column in columns:
        raise ArgumentError(
            f"column {table.names[label_column]!r} is the target and among the "
            f"features: a model would only copy it, leave it out of one"
        )
    labels, class_names = _labels(table, label_column, classes)
    return Dataset(
        [[_cell(table, r, c) for c in columns] for r in range(len(table.rows))],
        labels,
        tuple(table.names[c] for c in columns),
        class_names,
    )


def _table(path: str | os.PathLike[str], header: bool, delimiter: str) -> _Table:
    source = os.fspath(path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ArgumentError(
            f"{source} is no text in UTF-8 (byte {error.start}): save it as UTF-8"
        ) from None
    table = _Table(source, [], [], [])
    # Comments become empty lines, so that the reader's count of lines stays right.
    lines = ("" if line.startswith("#") else line for line in io.StringIO(text))
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        for cells in reader:
            if cells:
                _add(table, cells, reader.line_num, header)
    except csv.Error as error:
        raise ArgumentError(
            f"{source}, line {reader.line_num}: {error}: close each quote, and double "
            f"quotes inside of a quoted cell"
        ) from None
    if not table.rows:
        raise ArgumentError(f"{source} has no samples: give at least one line of cells")
    return table


def _add(table: _Table, cells: list[str], line: int, header: bool) -> None:
    cells = [cell.strip() for cell in cells]
    if not table.names:
        names = cells if header else [f"column {c + 1}" for c in range(len(cells))]
        if header and any(_is_number(cell) for cell in cells):
            raise ArgumentError(
                f"{table.source}, line {line}, should name the columns, but has "
                f"numbers: use header=False for a file without names"
            )
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ArgumentError(
                f"{table.source}, line {line}, names two columns {twice!r}: give each "
                f"a name of its own"
            )
        table.names.extend(names)
        if header:
            return
    if len(cells) != len(table.names):
        raise ArgumentError(
            f"{table.source}, line {line}, has {len(cells)} cells where "
            f"{len(table.names)} are expected: give every line the same columns, and "
            f"quote cells with a delimiter in them"
        )
    table.rows.append(cells)
    table.lines.append(line)


def _place(table: _Table, column: str | int) -> int:
    """Return the place of a column that is given by name or place."""
    count = len(table.names)
    if isinstance(column, str):
        return table.names.index(known(column, table.names, "column"))
    if not isinstance(column, int) or isinstance(column, bool):
        raise ArgumentError(f"a column is a name or a whole number, got {column!r}")
    if not -count <= column < count:
        raise ArgumentError(
            f"column {column} is not there: {table.source} has {count}, from 0 to "
            f"{count - 1}"
        )
    return column % count


def _labels(
    table: _Table, column: int, classes: bool | None
) -> tuple[list[Any], tuple[str, ...]]:
    cells = [row[column] for row in table.rows]
    for r, cell in enumerate(cells):
        if not cell:
            raise _error(table, r, column, "is empty")
    numeric = [_is_number(cell) for cell in cells]
    if classes is None:
        classes = not numeric[0]
        if any(numeric) and not all(numeric):
            # One bad cell must not turn a column of numbers into classes.
            odd = numeric.index(not numeric[0])
            raise _error(
                table,
                odd,
                column,
                f"is {cells[odd]!r}, where the labels before are "
                f"{'numbers' if numeric[0] else 'text'}: fix it, or say classes=True",
            )
    if not classes:
        return [_cell(table, r, column) for r in range(len(cells))], ()
    names = list(dict.fromkeys(cells))
    if all(numeric):
        names.sort(key=float)
    number = {name: k for k, name in enumerate(names)}
    return [number[cell] for cell in cells], tuple(names)


def _cell(table: _Table, row: int, column: int) -> float:
    text = table.rows[row][column]
    if not text:
        raise _error(table, row, column, "is empty")
    if not _is_number(text):
        hint = ""
        if _is_number(text.replace(",", ".")):
            hint = " (write decimals with a point)"
        raise _error(table, row, column, f"is {text!r}, not a number{hint}")
    number = float(text)
    if not math.isfinite(number):
        raise _error(table, row, column, f"is {text!r}, not a finite number")
    return number


def _is_number(text: str) -> bool:
    if "_" in text:  # which float() allows between digits
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True


def _error(table: _Table, row: int, column: int, what: str) -> ArgumentError:
    hint = "" if ":" in what else ": fix the cell, or leave the line out"
    return ArgumentError(f"{table.at(row, column)} {what}{hint}")
