import random
import tomllib

import pytest

from mcusim.errors import BadInputError, UnsupportedError
from mcusim.toml_text import to_toml
from mcusim.workload import PACKAGE, Workload, load_workload, parse_workload, workload_names

HEAD = 'name = "w"\ntitle = "a test"\nheap = "heap_4"\nheap_bytes = 4096\n'
SOURCE = '[[sources]]\nwhat = "packets"\n'
WHOLE = SOURCE + "per_second = 2\nsize = { bytes = 32 }\nlifetime = { seconds = 0.5 }\n"


def parsed(text):
    return parse_workload(HEAD + text, "w.toml")


def source(rate="per_second = 2", size="{ bytes = 32 }", lifetime="{ seconds = 0.5 }", more=""):
    return f"{SOURCE}{rate}\nsize = {size}\nlifetime = {lifetime}\n{more}\n"


def test_the_ready_made_ones():
    assert workload_names() == ("audio_kws", "bare", "ble_sensor", "camera_ov7675", "freertos")


@pytest.mark.parametrize("name", workload_names())
def test_every_number_of_a_ready_made_one_has_a_source(name):
    workload = load_workload(name)
    assert workload.name == name
    assert workload.heap_source
    for row in (*workload.start, *workload.sources):
        assert row.source, f"{name}: {row.what} has no source"
    assert (PACKAGE / f"{name}.toml").read_text(encoding="utf-8").startswith("# ")


def test_bare_uses_no_heap():
    assert not load_workload("bare").uses_heap
    assert load_workload("freertos").uses_heap


def test_ble_sensor_has_ten_events_a_second():
    workload = load_workload("ble_sensor")
    rates = [one.per_second or 1 / one.every_s for one in workload.sources]
    assert sum(rates) == pytest.approx(10, abs=0.01)


def test_unknown_name():
    with pytest.raises(UnsupportedError, match=r"did you mean 'freertos'\? known: audio_kws, bare, .*\.toml file"):
        load_workload("freertoss")


def test_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + WHOLE)
    assert load_workload(path).sources[0].size.bytes == 32
    with pytest.raises(BadInputError, match="cannot read"):
        load_workload(tmp_path / "not_there.toml")


REFUSED = {
    "no toml": ("=", "not valid TOML"),
    "unknown key": (source(more="colour = 3"), "sources[0]: unknown key 'colour'"),
    "wrong type": (source(rate='per_second = "2"'), "sources[0].per_second: expected a number"),
    "float size": (source(size="{ bytes = 1.5 }"), "sources[0].size.bytes: expected an integer"),
    "negative size": (source(size="{ bytes = -8 }"), "sources[0].size.bytes: expected 1 to"),
    "size 0": (source(size="{ bytes = 0 }"), "sources[0].size.bytes: expected 1 to"),
    "no size": (source(size="{ }"), "sources[0].size: expected one of bytes"),
    "two sizes": (source(size="{ bytes = 8, least_bytes = 1, most_bytes = 2 }"), "found bytes and least_bytes"),
    "half a range": (source(size="{ least_bytes = 8 }"), "sources[0].size: expected both least_bytes and most_bytes"),
    "other half": (source(size="{ bytes = 8, most_bytes = 8 }"), "sources[0].size: expected both"),
    "empty range": (source(size="{ least_bytes = 8, most_bytes = 7 }"), "sources[0].size.most_bytes: expected 8 to"),
    "weight 0": (source(size="{ choices = [{ bytes = 1, weight = 0 }] }"), "choices[0].weight: expected 1e-09"),
    "weight nan": (source(size="{ choices = [{ bytes = 1, weight = nan }] }"), "weight: expected a finite number"),
    "zero rate": (source(rate="per_second = 0"), "sources[0].per_second: expected more than 0, found 0"),
    "negative rate": (source(rate="every_s = -1"), "sources[0].every_s: expected more than 0, found -1"),
    "nan rate": (source(rate="per_second = nan"), "sources[0].per_second: expected a finite number, found nan"),
    "inf rate": (source(rate="per_second = inf"), "sources[0].per_second: expected a finite number"),
    "no rate": (source(rate=""), "sources[0]: expected one of per_second, per_inference, every_s, found none"),
    "two rates": (source(rate="per_second = 1\nevery_s = 1"), "found per_second and every_s"),
    "too fast": (source(rate="per_second = 1e9"), "events a second: expected"),
    "no inferences": (source(rate="per_inference = 1"), "inferences_per_second is missing"),
    "lifetime below 0": (source(lifetime="{ seconds = -0.1 }"), "sources[0].lifetime.seconds: expected 0 to"),
    "lifetime nan": (source(lifetime="{ seconds = nan }"), "lifetime.seconds: expected a finite number"),
    "no lifetime": (source(lifetime="{ }"), "sources[0].lifetime: expected one of seconds"),
    "two lifetimes": (source(lifetime="{ seconds = 1, forever = true }"), "found seconds and forever"),
    "no events": (source(lifetime="{ events = 0 }"), "sources[0].lifetime.events: expected 1 to"),
    "half a lifetime": (source(lifetime="{ least_s = 1 }"), "sources[0].lifetime: expected both"),
    "exponential": (source(lifetime='{ least_s = 1, most_s = 2, spread = "exponential" }'), "lifetime.spread"),
    "order": (source(lifetime='{ events = 2, order = "best" }'), "expected one of 'oldest', 'newest', 'random'"),
    "allocate first": (source(more="allocate_first = true"), "allocate_first needs events"),
    "jitter": (source(more="jitter_s = -1"), "sources[0].jitter_s: expected 0 to 0.5, found -1"),
    "long jitter": (source(more="jitter_s = 0.6"), "sources[0].jitter_s: expected 0 to 0.5, found 0.6"),
    "random jitter": (source(more='jitter_s = 0.1\ntiming = "random"'), "random events have none"),
    "no blocks": (source(more="blocks = 0"), "sources[0].blocks: expected 1 to 1,024"),
    "blocks": (source(more="blocks = 3\nmost_blocks = 2"), "sources[0].most_blocks: expected 3 to"),
    "in flight": (source(more="most_in_flight = 0"), "sources[0].most_in_flight: expected 1 to"),
    "live": (source(rate="per_second = 1e5", lifetime="{ seconds = 1e6 }"), "live blocks, more than can be"),
    "twice": (WHOLE + WHOLE, "sources[1].what: 'packets' is also sources[0].what"),
    "no name": ('[[start]]\nwhat = " "\nbytes = 8\n', "start[0].what: expected words"),
    "start": ('[[start]]\nwhat = "x"\nbytes = -8\n', "start[0].bytes: expected 1 to"),
    "many": ('[[start]]\nwhat = "x"\nbytes = 8\ncount = 1000000000000\n', "start[0].count: expected 1 to 100,000"),
    "blank source": (source(more='source = ""'), "sources[0].source: expected words"),
    "free of nothing": ('[[trace]]\nat_s = 0\nfree = "a"\n', "trace[0]: frees 'a', which was never allocated"),
    "double free": (
        '[[trace]]\nat_s = 0\nmalloc = "a"\nbytes = 8\n' + '[[trace]]\nat_s = 1\nfree = "a"\n' * 2,
        "trace[2]: frees 'a' a second time; trace[1] freed it before",
    ),
    "malloc twice": ('[[trace]]\nat_s = 0\nmalloc = "a"\nbytes = 8\n' * 2, "trace[1]: allocates 'a' again"),
    "no bytes": ('[[trace]]\nat_s = 0\nmalloc = "a"\n', "trace[0]: bytes is missing"),
    "both": ('[[trace]]\nat_s = 0\nmalloc = "a"\nfree = "b"\n', "found malloc and free"),
    "back in time": (
        '[[trace]]\nat_s = 2\nmalloc = "a"\nbytes = 8\n[[trace]]\nat_s = 1\nfree = "a"\n',
        "trace[1].at_s: expected rows in order of time, found 1 after 2",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    text, expected = REFUSED[case]
    with pytest.raises(BadInputError) as caught:
        parsed(text)
    message = str(caught.value)
    assert message.startswith("w.toml")
    assert expected in message
    assert "\n" not in message


def test_a_log_that_repeats_frees_all():
    log = '[[trace]]\nat_s = 0\nmalloc = "a"\nbytes = 8\n'
    assert parsed(log).trace[0].malloc == "a"
    with pytest.raises(BadInputError, match=r"trace\[0\]: allocates 'a', which no row frees"):
        parsed("trace_every_s = 1\n" + log)
    with pytest.raises(BadInputError, match="there is no trace to repeat"):
        parsed("trace_every_s = 1\n")
    with pytest.raises(BadInputError, match="trace_every_s: expected 2 to"):
        parsed("trace_every_s = 1\n" + log + '[[trace]]\nat_s = 2\nfree = "a"\n')


@pytest.mark.parametrize("key", ["heap_bytes = 4096", "heap_bytes = -1", "heap_bytes = 99999999999"])
def test_heap_bytes(key):
    text = f'name = "w"\ntitle = "t"\nheap = "heap_4"\n{key}\n'
    if "4096" in key:
        assert parse_workload(text, "w.toml").heap_bytes == 4096
    else:
        with pytest.raises(BadInputError, match=r"w\.toml: heap_bytes: expected 128 to"):
            parse_workload(text, "w.toml")


HOSTILE = (0, -1, 1, 2**62, 2**64, 1.5, -0.5, 1e300, 1e-300, float("nan"), float("inf"), "", "x", "nan", True, [], {})


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from places(value[index], (*path, index))


def mutated(document, chance):
    """The document with a value replaced, removed, doubled or given another name."""
    path = chance.choice([path for path in places(document) if path])
    inside = document
    for key in path[:-1]:
        inside = inside[key]
    kind = chance.randrange(4)
    if kind == 0 or isinstance(inside, list):
        inside[path[-1]] = chance.choice(HOSTILE)
    elif kind == 1:
        del inside[path[-1]]
    elif kind == 2:
        inside[f"{path[-1]}s"] = inside[path[-1]]
    else:
        inside[path[-1]] = [inside[path[-1]]] * 2
    return document


@pytest.mark.parametrize("seed", range(40))
def test_whatever_a_file_holds_it_is_a_workload_or_one_line(seed):
    chance = random.Random(seed)
    text = (PACKAGE / f"{chance.choice(workload_names())}.toml").read_text(encoding="utf-8")
    for _ in range(25):
        document = tomllib.loads(text)
        for _ in range(chance.randrange(1, 4)):
            document = mutated(document, chance)
        try:
            assert isinstance(parse_workload(to_toml(document), "w.toml"), Workload)
        except BadInputError as error:
            assert str(error).startswith("w.toml")
            assert "\n" not in str(error)


@pytest.mark.parametrize("seed", range(20))
def test_bytes_that_are_cut_or_flipped(seed):
    chance = random.Random(seed)
    text = (PACKAGE / "ble_sensor.toml").read_text(encoding="utf-8")
    for _ in range(20):
        at = chance.randrange(len(text))
        changed = text[:at] + chance.choice(["", "\x00", "[", '"', "=", "9", "-"]) + text[at + chance.randrange(3) :]
        try:
            parse_workload(changed, "w.toml")
        except BadInputError as error:
            assert str(error).startswith("w.toml")
