"""Write recurrent.json: recurrent networks and their gradients, by PyTorch.

    pip install torch==2.13.0
    python tests/nn/reference/make_recurrent.py

Double precision. Each case has weights, a sequence, initial states, outputs and final
states, and the gradients of

    loss = Σ (t + 1)(i + 1) out[t][i]² / 10 + Σ (k + 1 − i) state[k][i]

over the outputs and over each part of the final state, k being the layer. With
"tbptt" the sequence goes in pieces, and the state is detached between them.
"""

import json
from pathlib import Path

import torch

N_IN, N_HIDDEN, SEED = 2, 3, 5
CASES = [
    # kind, options, layers, steps, tbptt, with initial states
    ("RNN", {"nonlinearity": "tanh"}, 1, 4, None, False),
    ("RNN", {"nonlinearity": "relu"}, 2, 3, None, True),
    ("RNN", {"nonlinearity": "tanh"}, 2, 7, 3, True),
    ("LSTM", {}, 1, 1, None, False),
    ("LSTM", {}, 2, 5, None, True),
    ("LSTM", {}, 2, 5, 2, True),
    ("GRU", {}, 1, 4, None, False),
    ("GRU", {}, 2, 5, None, True),
    ("GRU", {}, 2, 6, 2, True),
]


def loss_of(outputs: torch.Tensor, states: tuple[torch.Tensor, ...]) -> torch.Tensor:
    t, i = torch.meshgrid(*map(torch.arange, outputs.shape), indexing="ij")
    loss = ((t + 1) * (i + 1) * outputs**2 / 10).sum()
    for state in states:
        k, i = torch.meshgrid(*map(torch.arange, state.shape), indexing="ij")
        loss = loss + ((k + 1 - i) * state).sum()
    return loss


def main() -> None:
    torch.manual_seed(SEED)
    cases = []
    for kind, options, layers, steps, tbptt, with_states in CASES:
        made = getattr(torch.nn, kind)(
            N_IN, N_HIDDEN, layers, dtype=torch.float64, **options
        )
        sequence = torch.randn(steps, N_IN, dtype=torch.float64, requires_grad=True)
        first = tuple(
            torch.randn(layers, N_HIDDEN, dtype=torch.float64, requires_grad=True)
            for _ in range(2 if kind == "LSTM" else 1)
        )
        states = first if with_states else tuple(torch.zeros_like(s) for s in first)
        pieces = []
        for piece in sequence.split(tbptt or steps):
            if pieces:
                states = tuple(s.detach() for s in states)
            output, after = made(piece, states if kind == "LSTM" else states[0])
            states = after if kind == "LSTM" else (after,)
            pieces.append(output)
        outputs = torch.cat(pieces)
        loss = loss_of(outputs, states)
        loss.backward()
        case = {
            "kind": kind,
            "options": options,
            "layers": layers,
            "tbptt": tbptt,
            "weights": {name: p.tolist() for name, p in made.named_parameters()},
            "sequence": sequence.tolist(),
            "states": [s.tolist() for s in first] if with_states else None,
            "outputs": outputs.tolist(),
            "final states": [s.tolist() for s in states],
            "loss": loss.item(),
            "weight gradients": {
                name: p.grad.tolist() for name, p in made.named_parameters()
            },
            "sequence gradient": sequence.grad.tolist(),
            "state gradients": [s.grad.tolist() for s in first] if with_states else [],
        }
        cases.append(case)
    found = {
        "made by": f"torch {torch.__version__}, tests/nn/reference/make_recurrent.py",
        "n_in": N_IN,
        "n_hidden": N_HIDDEN,
        "cases": cases,
    }
    path = Path(__file__).with_name("recurrent.json")
    path.write_text(json.dumps(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
