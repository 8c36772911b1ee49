from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import ArgumentError
from nn.csv_files import Dataset, read_csv

FLOWERS = "length,width,kind\n1.5,0.2,rose\n3,1,lily\n2,1e-3,rose\n"


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "data.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


class TestReading:
    @pytest.mark.parametrize(
        ("content", "options", "wanted"),
        [
            (
                FLOWERS,
                {},
                (
                    [[1.5, 0.2], [3.0, 1.0], [2.0, 0.001]],
                    [0, 1, 0],
                    ("length", "width"),
                    ("rose", "lily"),
                ),
            ),
            (  # numbers to be predicted, from another column, by place or by name
                "y,a,b\n5,1,2\n6.5,3,4\n",
                {"target": 0},
                ([[1.0, 2.0], [3.0, 4.0]], [5.0, 6.5], ("a", "b"), ()),
            ),
            (
                "a,y,b\n1,5,2\n",
                {"target": "y", "features": ["b"]},
                ([[2.0]], [5.0], ("b",), ()),
            ),
            (
                "a,b,y\n1,2,3\n",
                {"features": [1, 0]},
                ([[2.0, 1.0]], [3.0], ("b", "a"), ()),
            ),
            (  # classes that are numbers count by size, not as they come
                "a,y\n1,10\n2,9\n3,10\n",
                {"classes": True},
                ([[1.0], [2.0], [3.0]], [1, 0, 1], ("a",), ("9", "10")),
            ),
            (
                "1;x\n2;y\n",
                {"header": False, "delimiter": ";"},
                ([[1.0], [2.0]], [0, 1], ("column 1",), ("x", "y")),
            ),
            (  # quotes, comments, blanks, empty lines, a last line without its end
                '# by hand\n"a, b", y\n\n 1 , " u,v"\n# x\n2,w',
                {},
                ([[1.0], [2.0]], [0, 1], ("a, b",), ("u,v", "w")),
            ),
            (  # as Excel writes: a byte order mark, and line ends of two characters
                b"\xef\xbb\xbfa,y\r\n1,2\r\n",
                {},
                ([[1.0]], [2.0], ("a",), ()),
            ),
        ],
    )
    def test_tables(self, content: Any, options: Any, wanted: Any, write: Any) -> None:
        assert read_csv(write(content), **options) == Dataset(*wanted)

    def test_it_is_public_and_reads_the_shipped_flowers(self) -> None:
        path = Path(nn.__file__).with_name("iris.csv")
        assert nn.read_csv is nn.datasets.read_csv is read_csv
        assert read_csv(str(path)) == nn.datasets.iris()

    def test_a_model_trains_on_a_file(self, write: Any) -> None:
        rows = "".join(f"{x},{2 * x + 1}\n" for x in range(5))
        data = read_csv(write("x,y\n" + rows))
        model = nn.MLP(1, [1], seed=0)
        samples = data.features, data.labels
        history = nn.fit(
            model, nn.losses.mse, samples, 200, optimizer=nn.SGD(model, lr=0.1)
        )
        assert history.losses[-1] < 1e-6


class TestErrors:
    @pytest.mark.parametrize(
        ("content", "options", "message"),
        [
            (
                FLOWERS.replace("1e-3", "abc"),
                {},
                r"data.csv, line 4, column 'width' \(2 of 3\) is 'abc', not a number: "
                r"fix the cell, or leave the line out$",
            ),
            (
                "# one\n\n" + FLOWERS.replace("3,1", "3,"),
                {},
                r"line 5, column 'width' \(2 of 3\) is empty: fix the cell",
            ),
            (
                FLOWERS.replace("1.5", "nan"),
                {},
                "line 2, column 'length' .* is 'nan', n",
            ),
            (FLOWERS.replace("1.5", "-inf"), {}, "is '-inf', not a finite number: fix"),
            (FLOWERS.replace("1.5", "1_5"), {}, "is '1_5', not a number"),
            (
                "a;y\n1,5;2\n",
                {"delimiter": ";"},
                r"line 2, .* is '1,5', not a number \(write decimals with a point\)",
            ),
            (
                'a,y\n"1\n2",3\n4,5\n',
                {},
                r"line 3, column 'a' \(1 of 2\) is '1\\n2', not a number",
            ),
            (  # one bad cell must not turn numbers into classes
                "a,y\n1,2.5\n2,oops\n3,4\n",
                {},
                "line 3, column 'y' .* is 'oops', where the labels before are numbers:"
                " fix it, or say classes=True",
            ),
            ("a,y\n1,x\n2,7\n", {}, "is '7', where the labels before are text: fix it"),
            ("a,y\n1,x\n2,7\n", {"classes": False}, "line 2, .* is 'x', not a number"),
            ("a,y\n1,\n", {}, "line 2, column 'y' .* is empty"),
            ("a,y\n1,nan\n", {}, "line 2, column 'y' .* is 'nan', not a finite number"),
            (
                FLOWERS + "1,2\n",
                {},
                "line 5, has 2 cells where 3 are expected: give every line the same",
            ),
            (FLOWERS + "1,2,3,4\n", {}, "line 5, has 4 cells where 3 are expected"),
            ("", {}, "data.csv has no samples: give at least one line of cells"),
            ("a,y\n", {}, "has no samples"),
            ("# nothing\n\n", {}, "has no samples"),
            (
                "1,2\n3,4\n",
                {},
                "line 1, should name the columns, but has numbers: use h",
            ),
            ("a,b,a\n1,2,3\n", {}, "line 1, names two columns 'a': give each a name"),
            (
                "y\n1\n",
                {},
                "has no column of features beside -1: give a table with two",
            ),
            (FLOWERS, {"delimiter": ";"}, "has no column of features beside -1"),
            (
                FLOWERS,
                {"target": "kimd"},
                "^unknown column 'kimd': did you mean 'kind'. Known are",
            ),
            (FLOWERS, {"features": ["lenght"]}, "'lenght': did you mean 'length'"),
            (FLOWERS, {"target": 3}, "^column 3 is not there: .* has 3, from 0 to 2"),
            (FLOWERS, {"target": True}, "^a column is a name or a whole number, got T"),
            (FLOWERS, {"features": []}, "has no column of features"),
            (
                FLOWERS,
                {"features": ["width", "kind"]},
                "^column 'kind' is the target and among the features: a model would",
            ),
            (FLOWERS, {"delimiter": ",,"}, "^delimiter is one character, such as ';'"),
            (FLOWERS, {"delimiter": None}, "^delimiter is one character, .* got None"),
            (b"a,y\n\xff,1\n", {}, r"is no text in UTF-8 \(byte 4\): save it as UTF-8"),
            ('a,y\n"1,2\n', {}, "line 2: unexpected end of data: close each quote"),
            ('a,y\n"1"2,3\n', {}, "line 2: .*: close each quote, and double quotes"),
        ],
    )
    def test_files(self, content: Any, options: Any, message: str, write: Any) -> None:
        with pytest.raises(ArgumentError, match=message):
            read_csv(write(content), **options)

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            read_csv(tmp_path / "none.csv")
