import copy
import math
import random
from typing import Any

import numpy as np
import pytest

from autograd import ArgumentError, Value
from nn import MLP, SGD, Dense, Dropout, Embedding, LayerNorm, Sequential, WidthError


class TestDropout:
    def test_zeros_and_scaled_numbers(self) -> None:
        x = [Value(float(i + 1)) for i in range(1000)]
        out = Dropout(0.2, seed=0)(x)
        dropped = 0
        for number, result in zip(x, out, strict=True):
            result.backward()
            assert result.data in (0.0, 1.25 * number.data)
            assert number.grad == result.data / number.data
            dropped += result.data == 0.0
        # 200 expected, deviation √(1000·0.2·0.8) = 12.6: five of them.
        assert 137 <= dropped <= 263

    def test_each_call_draws_anew_and_a_seed_decides(self) -> None:
        x = [1.0] * 64
        dropout, twin = Dropout(0.5, seed=3), Dropout(0.5, seed=3)
        first, second = dropout(x), dropout(x)
        assert first != second
        assert [twin(x), twin(x)] == [first, second]
        assert Dropout(0.5, seed=4)(x) != first

    def test_its_generator_can_be_put_back(self) -> None:
        dropout, x = Dropout(0.5, seed=3), [1.0] * 64
        dropout(x)
        state = dropout.rng.getstate()
        later = dropout(x)
        dropout.rng.setstate(state)
        assert dropout(x) == later

    def test_seeds(self) -> None:
        x, before = [1.0] * 64, random.getstate()
        rng = random.Random(3)
        assert Dropout(0.5, seed=rng)(x) == Dropout(0.5, seed=3)(x)
        assert random.getstate() == before
        random.seed(3)
        assert Dropout(0.5)(x) == Dropout(0.5, seed=3)(x)
        assert copy.deepcopy(Dropout(0.5))(x)

    def test_without_training_nothing_happens(self) -> None:
        dropout = Dropout(0.5, seed=0).eval()
        x = [Value(1.0), Value(2.0)]
        assert all(a is b for a, b in zip(dropout(x), x, strict=True))
        assert Dropout(0, seed=0)(x) == x
        assert dropout.train()([1.0] * 64) != [1.0] * 64

    def test_all_dropped(self) -> None:
        assert Dropout(1.0, seed=0)([1.0, -2.0]) == [0.0, 0.0]

    @pytest.mark.parametrize("p", [-0.1, 1.1, math.nan, "0.5", None, True])
    def test_bad_probabilities(self, p: Any) -> None:
        with pytest.raises(
            ArgumentError, match=r"^Dropout takes the probability of a 0, from 0 to 1"
        ):
            Dropout(p)

    def test_bad_inputs(self) -> None:
        with pytest.raises(
            WidthError, match=r"^Dropout\(0.5\) takes a list of numbers,"
        ):
            Dropout()(1.0)


class TestLayerNorm:
    def test_mean_and_variance(self) -> None:
        y = [v.data for v in LayerNorm(4, eps=0.0)([1.0, 2.0, 3.0, 6.0])]
        # Mean 3, variance (4 + 1 + 0 + 9) / 4 = 3.5.
        root = math.sqrt(3.5)
        assert y == pytest.approx([-2 / root, -1 / root, 0.0, 3 / root], rel=1e-15)

    def test_a_constant_row(self) -> None:
        x = [Value(2.0), Value(2.0)]
        out = LayerNorm(2)(x)
        out[0].backward()
        assert [v.data for v in out] == [0.0, 0.0]
        # dy₀/dx = (δ − 1/n) / √ε
        assert [v.grad for v in x] == pytest.approx(
            [0.5 / math.sqrt(1e-5), -0.5 / math.sqrt(1e-5)], rel=1e-14
        )

    def test_parameters(self) -> None:
        paths = [path for path, _ in LayerNorm(2).named_parameters()]
        assert paths == ["weight[0]", "weight[1]", "bias[0]", "bias[1]"]
        plain = LayerNorm(2, affine=False)
        assert plain.parameters() == []
        assert repr(plain) == "LayerNorm(2, eps=1e-05, affine=False)"

    def test_errors(self) -> None:
        with pytest.raises(
            WidthError, match=r"^LayerNorm\(3, .* takes 3 numbers, got 2"
        ):
            LayerNorm(3)([1.0, 2.0])
        with pytest.raises(
            ArgumentError, match=r"^n is a whole number from 1 on, got 0"
        ):
            LayerNorm(0)
        with pytest.raises(ArgumentError, match=r"^LayerNorm takes an eps from 0 on"):
            LayerNorm(3, eps=-1.0)


class TestEmbedding:
    def test_indices_of_every_kind(self) -> None:
        embedding = Embedding(4, 2, seed=0)
        for index in (3, np.int64(3), np.array(3)):
            assert all(
                a is b
                for a, b in zip(embedding(index), embedding.weight[3], strict=True)
            )
        for many in ([3, 0], (3, 0), np.array([3, 0]), range(3, -1, -3)):
            rows = embedding(many)
            assert rows[0][1] is embedding.weight[3][1]
            assert rows[1][1] is embedding.weight[0][1]
            assert len(rows) == 2
        assert embedding([[1], [2]])[1][0][0] is embedding.weight[2][0]

    def test_repeated_indices_add_their_gradients(self) -> None:
        embedding = Embedding(3, 1, seed=0)
        (embedding(1)[0] * 2 + embedding(1)[0] * 5).backward()
        assert [p.grad for p in embedding.parameters()] == [0.0, 7.0, 0.0]

    def test_numbers_to_start_from(self) -> None:
        first = Embedding(200, 10, seed=5).state_dict()
        assert first == Embedding(200, 10, seed=5).state_dict()
        numbers = list(first.values())
        mean = sum(numbers) / 2000
        variance = sum((x - mean) ** 2 for x in numbers) / 2000
        assert mean == pytest.approx(0.0, abs=0.1)
        assert variance == pytest.approx(1.0, abs=0.15)
        assert set(Embedding(2, 2, init="zeros").state_dict().values()) == {0.0}

    def test_it_learns_in_a_model(self) -> None:
        model = Sequential([Embedding(3, 2, seed=0), Dense(1, seed=1)])
        optimizer = SGD(model, lr=0.1)
        for _ in range(100):
            optimizer.zero_grad()
            sum((model(i)[0] - i * i) ** 2 for i in range(3)).backward()
            optimizer.step()
        assert [model(i)[0].data for i in range(3)] == pytest.approx(
            [0.0, 1.0, 4.0], abs=0.05
        )

    @pytest.mark.parametrize(
        ("index", "message"),
        [
            (4, r"^Embedding\(4, 2\) takes indices from 0 to 3, got 4$"),
            (-1, r"^Embedding\(4, 2\) takes indices from 0 to 3, got -1$"),
            ([0, 9], r"takes indices from 0 to 3, got 9$"),
            (1.0, r"^Embedding\(4, 2\) takes whole numbers, got 1.0$"),
            (True, r"takes whole numbers, got True$"),
            ("a", r"takes whole numbers, got 'a'$"),
            (Value(1.0), r"takes whole numbers, got Value\("),
        ],
    )
    def test_bad_indices(self, index: Any, message: str) -> None:
        with pytest.raises(ArgumentError, match=message):
            Embedding(4, 2)(index)

    def test_bad_sizes(self) -> None:
        with pytest.raises(ArgumentError, match=r"^count is a whole number from 1 on"):
            Embedding(0, 2)
        with pytest.raises(ArgumentError, match=r"^width is a whole number from 1 on"):
            Embedding(2, 2.0)


def test_a_model_with_dropout_trains_and_is_itself_in_eval() -> None:
    model = Sequential([MLP(2, [4]), LayerNorm(4), Dropout(0.5, seed=0), Dense(1)])
    still = [model.eval()([1.0, 2.0])[0].data for _ in range(3)]
    assert len(set(still)) == 1
    noisy = [model.train()([1.0, 2.0])[0].data for _ in range(10)]
    assert len(set(noisy)) > 1
