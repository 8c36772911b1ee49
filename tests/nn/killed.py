"""A training run that a test kills: python killed.py CHECKPOINT RESULT."""

import sys

import nn


def main() -> None:
    checkpoint, result = sys.argv[1:]
    model = nn.Sequential(
        [nn.Dense(2, 6, "tanh", seed=0), nn.Dropout(0.2), nn.Dense(6, 2, seed=1)]
    )
    nn.fit(
        model,
        "cross_entropy",
        nn.synthetic.moons(40),
        epochs=30,
        batch_size=8,
        optimizer=nn.Adam(model, lr=0.02),
        schedule=nn.schedules.cosine(0.02, steps=150),
        validation=nn.synthetic.moons(20, seed=1),
        metrics=["accuracy"],
        callbacks=[nn.EarlyStopping(patience=25), nn.RecordWeights(every=10)],
        seed=3,
        checkpoint=checkpoint,
        checkpoint_every=2,
        resume=True,
    )
    nn.save(model, result)


if __name__ == "__main__":
    main()
