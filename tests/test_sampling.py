"""Samples: the same each time, and what many boards share in one emulation is what each has alone."""

from mcusim.hardware import board_core, board_names, load_board
from mcusim.plan import plan
from mcusim.sampling import FILE_BYTES, groups, sample, sample_models


def test_samples_are_the_same_each_time():
    first, again = (list(sample_models(0.05)) for _ in range(2))
    assert [model.sha256 for model in first] == [model.sha256 for model in again]
    assert [op.options for model in first for op in model.ops] == [op.options for model in again for op in model.ops]


def test_boards_of_a_core_are_together():
    boards = [load_board(name) for name in board_names() if not board_core(load_board(name)).not_simulated]
    found = groups(boards)
    assert sorted(board.id for group in found for board in group) == [board.id for board in boards]
    for group in found:
        assert all(board_core(board) == board_core(group[0]) for board in group)
    assert any({"pico", "nucleo_g0b1re"} <= {board.id for board in group} for group in found)
    assert not any({"nano33ble", "nucleo_l4r5zi"} <= {board.id for board in group} for group in found)  # rules differ


def test_a_board_takes_what_it_takes_alone():
    """Cycles and waits of each layer, against the board's own machine without any other beside it."""
    boards = [load_board(name) for name in ("sparkfun_edge", "feather_m4", "nucleo_f446re")]
    models = list(sample_models(0.02))[:1]
    shared = sample(boards, models)
    for number, board in enumerate(boards):
        alone = sample([board], models)
        assert [(one.cycles, one.waits[number]) for one in shared] == [(one.cycles, one.waits[0]) for one in alone]
    pico, nano = (
        sample([load_board(name) for name in ("pico", "nanorp2040")], models),
        sample([load_board("pico")], models),
    )
    assert [one.waits for one in pico] == [2 * one.waits for one in nano]  # they share a memory system
    assert all(one.waits[0] == 0 for one in shared) and sum(one.waits[1] for one in shared) > 0


def test_what_is_executed_is_code_of_the_kernel():
    """Every block lies in a function that the layer's calls reach."""
    board, model = load_board("nano33ble"), next(sample_models(0.02))
    planned = plan(model, board)
    for one, op in zip(sample([board], [model]), model.ops, strict=True):
        calls = planned.invocations[op.index].calls
        reachable = {symbol.name for symbol in planned.firmware.reachable(call.symbol for call in calls)}
        for offset, _, visits, _ in one.visits.tolist():
            assert planned.firmware.function_at(offset).name in reachable and visits > 0
        assert one.code_offset == FILE_BYTES[0]
