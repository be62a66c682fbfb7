"""A one-layer model of a convolution → the scratch planned for it, and what the C functions of an image ask for."""

from emulated import kernels

from mcusim import abi
from mcusim.runtime import Runtime

IMAGES = {"armv6m": False, "armv7m": False, "armv7em": True, "armv8m_main": True}  # whether they have DSP


def planned(image, layer):
    """Bytes of the layer's requests on a core of the image's instruction set."""
    return layer.memory(Runtime("cmsis_nn", dsp=IMAGES[image], mve=False)).scratch_bytes or (0,)


def asked_for(image, layer, *symbols):
    """What get_buffer_size functions return; all take the parameters and shapes, "reverse" ones not the output's."""
    (call,) = layer.invocation().calls
    structs = [one for one in call.arguments if isinstance(one, abi.Struct)]
    contexts = max(len(layer.memory().scratch_bytes), 1)
    params, _, source, filters, *_, output = structs[contexts:]
    return tuple(
        kernels(image).call(
            symbol, params, source, filters, *(() if "reverse" in symbol else (output,)), checks_status=False
        )
        for symbol in symbols
    )
