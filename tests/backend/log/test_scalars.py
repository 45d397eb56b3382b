"""Facts about scalars: whose counter their steps are, and which are a training's losses."""

import pytest

from tb_neuromapper.backend.log.scalars import axis_of, loss_tags


@pytest.mark.parametrize(
    ("tag", "last_step", "train_step", "epoch", "axis"),
    [
        ("train/loss", 990, 999, 9, "train_step"),
        ("val/acc", 9, 999, 9, "epoch"),
        ("val/acc", 10, 999, 9, "epoch"),
        ("probe/loss", 999, 999, 9, "epoch"),
        ("images_seen", 64_000, 999, 9, None),
        ("loss", 40, 50, None, "train_step"),
        ("loss", 40, None, 45, "epoch"),
        ("loss", 40, None, None, None),
        ("loss", -3, 10, 10, None),
        ("loss", 0, 0, 0, "train_step"),
    ],
)
def test_axis_of__is_the_counter_that_ends_where_the_scalar_does(tag, last_step, train_step, epoch, axis):
    """Ours are known; of others the nearer of both counters, if either is near."""
    assert axis_of(tag, last_step, train_step, epoch) == axis


def test_loss_tags__are_those_of_the_training():
    """Losses on other data are for other rules."""
    tags = ["train/loss", "loss", "Loss/train", "train_loss", "nll", "val/loss", "loss_test", "glossary", "train/acc"]
    assert loss_tags(tags) == ["train/loss", "loss", "Loss/train", "train_loss", "nll"]
