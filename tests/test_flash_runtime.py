"""What interpreter and C library take of flash: figures as published, and as linked here."""

import pytest
from c_library import FLAGS, measure

from mcusim.flash_runtime import least_runtime_bytes, runtime_parts

IMAGES = ("armv6m", "armv7m", "armv7em", "armv7em_soft", "armv7em_m7", "armv8m_main")


@pytest.mark.parametrize("image", IMAGES)
def test_each_image_has_a_framework_a_library_and_what_is_not_published(image):
    framework, operators, library = runtime_parts(image)
    # tflite-micro's Code Size FAQ (bluepill), and its overview (16 KB on a Cortex-M3).
    assert (framework.least_bytes, framework.most_bytes) == (9_732, 16 << 10)
    assert operators.least_bytes is operators.most_bytes is None and "no sizes are published" in operators.bytes_reason
    assert library.least_bytes == 0 and library.most_bytes > 0
    assert all(len(part.source) > 20 for part in runtime_parts(image))
    assert least_runtime_bytes(image) == 9_732


@pytest.mark.parametrize("image", FLAGS)
def test_the_library_is_what_the_linker_takes(image, tmp_path):
    library = runtime_parts(image)[-1]
    assert library.most_bytes == measure(image, tmp_path, logs=True)
    assert f"({measure(image, tmp_path, logs=False):,} without it)" in library.source
