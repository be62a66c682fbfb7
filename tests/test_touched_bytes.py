"""Which bytes are read and written, of hand-made accesses."""

import numpy as np

from mcusim import recording
from mcusim.recording import LOAD, STORE
from mcusim.touched_bytes import touch_observer, touched


def test_bytes_of_each_kind():
    one = touch_observer([(0x20000000, 64), (0x10000000, 16)])
    rows = []
    for number, (access, size) in enumerate([(LOAD, 4), (STORE, 1), (STORE, 8), (LOAD, 2)]):
        row = [0] * recording.INSTRUCTION_COLUMNS
        row[recording.ADDRESS], row[recording.ACCESS], row[recording.ACCESS_BYTES] = 0x100 + 2 * number, access, size
        rows.append(row)
    blocks = np.array([[0x100, 8, 0, 4, 50]], np.int64)  # its first halfword has the number 50
    edges = np.array([[0, -1, 1, 0, 0]], np.int64)

    def access(number, address):
        return -(1 << 63) | (50 + number) << 32 | address

    log = [0, access(0, 0x20000002), access(1, 0x20000003), access(2, 0x1000000C), access(3, 0x30000000)]
    log += [0, access(0, 0x20000002)]
    table = np.array(rows, np.int64)
    one.observe(np.array(log), len(log), blocks, table, edges, None, one.parameters, one.state, None)
    found = [(bank.name, bank.read_bytes, bank.written_bytes, bank.touched_bytes) for bank in touched(one, ["a", "b"])]
    assert found == [("a", 4, 1, 4), ("b", 0, 4, 4)], "what reaches over a bank's end is cut"
