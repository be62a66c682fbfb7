"""The terminal at the other end of the serial line: when bytes arrive, and what is seen in the output."""

from mcusim.console import IDLE_POLLS, Console


def console(*pieces, prompt=b"", ask=None):
    return Console(pieces, 1_152_000, prompt, ask)  # a byte takes 100 cycles


def test_a_polling_program_gets_a_piece_at_the_pace_of_the_line():
    line = console(b"ab", b"c")
    assert [line.poll(0) for _ in range(IDLE_POLLS)] == [False] * IDLE_POLLS
    assert line.poll(1) and line.take(1) == ord("a")
    assert not line.poll(100) and line.due() == 101
    assert line.poll(101) and line.take(101) == ord("b")
    assert line.due() is None and not line.finished


def test_the_next_piece_comes_once_the_program_waits():
    line = console(b"a", b"b")
    assert line.send_next(5) and line.waiting(5) and line.take(5) == ord("a")
    assert not line.waiting(10_000)
    assert line.send_next(10_000) and line.take(10_000) == ord("b")
    assert line.finished and not line.send_next(20_000)


def test_a_prompt_holds_each_piece_back():
    line = console(b"a", b"b", prompt=b"ready>")
    assert not line.send_next(0)
    line.write(b"rea")
    line.write(b"dy>")
    assert line.send_next(0) and line.take(0) == ord("a")
    assert not line.send_next(500)
    line.write(b"ready>")
    assert line.send_next(500)


def test_taking_what_is_not_there_is_0():
    assert console().take(0) == 0


def test_further_pieces_are_asked_for():
    answers = [b"x", b"", None]
    line = console(ask=lambda: answers.pop(0))
    assert line.send_next(0) and line.take(0) == ord("x")
    assert not line.send_next(0) and not line.finished
    assert not line.send_next(0) and line.finished


def test_texts_are_seen_as_they_end():
    line, seen = console(), []
    line.watch(b"end", lambda: seen.append(len(line.output)))
    line.write(b"an end and an ")
    line.write(b"end")
    assert seen == [6, 17]
    assert bytes(line.output) == b"an end and an end"
