import pytest

from mcusim import c_array
from mcusim.errors import BadModelError

MODEL = b"\x1c\x00\x00\x00TFL3" + bytes(range(256)) + b"\xff" * 7


def elements(form="0x{:02x}", model=MODEL):
    return ", ".join(form.format(byte) for byte in model)


SOURCES = {
    "xxd": f"unsigned char m_tflite[] = {{\n  {elements()}\n}};\nunsigned int m_tflite_len = {len(MODEL)};\n",
    "decimal": f"const unsigned char g_model[] = {{{elements('{}')}}};",
    "octal": f"const unsigned char g_model[] = {{{elements('0{:o}')}}};",
    "upper case, suffixes": f"static const uint8_t g_model[271] = {{{elements('0X{:02X}U')}}};",
    "trailing comma": f"const uint8_t g_model[] = {{ {elements()},\n}};",
    "C++": f'#include "m.h"\nalignas(16) const unsigned char g_model[] = {{{elements()}}};\nconst int g_len = 271;',
    "std::array": f"constexpr std::array<uint8_t, 271> g_model = {{{{ {elements()} }}}};",
    "attributes": f'__attribute__((section(".rodata{{}}"), aligned(16))) const uint8_t m[] PROGMEM = {{{elements()}}};',
    "comments": f"/* {{0x1c}} */ // {{ it's \"\nconst char m[] = {{ // {{1\n{elements()} /* }} */ }}; // end",
    "unended comment": f"const char m[] = {{{elements()}}}; /* {{ {elements()}",
    "quotes in text": f'char *s = "\\"{{/*"; const char m[] = {{{elements()}}}; char *t = "*/";',
    "other arrays": f"int a[] = {{1, 2}}; char b[9]={{0}}; const char m[] = {{{elements()}}}; float f[] = {{0.5f, x}};",
    "inside a namespace": f"namespace {{ const char m[] = {{{elements()}}}; }} int main() {{ return 0; }}",
    "signed": "const int8_t m[] = {" + ",".join(str(b - 256 if b > 127 else b) for b in MODEL) + "};",
}


@pytest.mark.parametrize("name", SOURCES)
def test_one_model(name):
    assert c_array.model_bytes(SOURCES[name].encode()) == MODEL


def test_long_array():
    model = MODEL[:8] + bytes(index * 7 % 256 for index in range(500_000))
    source = f"const unsigned char m[] = {{{elements('{:d}', model)}}};"
    assert len(source) > 2 * c_array._STRETCH
    assert c_array.model_bytes(source.encode()) == model


NO_MODELS = {
    "nothing": "",
    "no array": "int main() { return 0; }",
    "other array": "const unsigned char data[] = {0x1c, 0, 0, 0, 1, 2, 3, 4, 5};",
    "too large an element": f"const unsigned char m[] = {{{elements()}, 256}};",
    "too small an element": f"const unsigned char m[] = {{{elements()}, -129}};",
    "no number": f"const unsigned char m[] = {{{elements()}, kEnd}};",
    "a gap": f"const unsigned char m[] = {{{elements()},, 1}};",
    "no octal": f"const unsigned char m[] = {{{elements()}, 08}};",
    "no end": f"const unsigned char m[] = {{{elements()}",
    "in a comment": f"/* const unsigned char m[] = {{{elements()}}}; */",
    "long number": f"const unsigned char m[] = {{{elements()}, {'9' * 5000}}};",
}


@pytest.mark.parametrize("name", NO_MODELS)
def test_no_model(name):
    with pytest.raises(BadModelError, match="no array in it has TFL3"):
        c_array.model_bytes(NO_MODELS[name].encode())


def test_two_models():
    source = SOURCES["decimal"] + SOURCES["xxd"]
    with pytest.raises(BadModelError, match="more than one model"):
        c_array.model_bytes(source.encode())


def test_source_too_large():
    with pytest.raises(BadModelError, match="at most 33554432 are read"):
        c_array.model_bytes(b" " * (c_array.MAX_SOURCE_BYTES + 1))


@pytest.mark.parametrize(
    "text", ["/*", "//", '"', '"\\', '"\\"', "{", "}", "{}", "{,", "0,", "{0", "a[] = {", "\\\n", "'", "/* */"]
)
def test_repeated_text_is_read_once(text):
    """A quadratic reader would take hours."""
    with pytest.raises(BadModelError, match="no array"):
        c_array.model_bytes(text.encode() * 500_000)
