"""What the kernels are compared with: LiteRT and TensorFlow Lite Micro on one-operator models, and test vectors."""

import json
import math
from dataclasses import dataclass

import flatbuffers
import numpy as np
import pytest

from mcusim.fixedpoint import quantize_multiplier

TENSOR_TYPES = {"float32": 0, "int32": 2, "int64": 4, "int16": 7, "int8": 9}  # TensorType in schema.fbs
ACTIVATIONS = {"NONE": 0, "RELU": 1, "RELU6": 3}  # ActivationFunctionType in schema.fbs


@dataclass(frozen=True)
class Operand:
    """A tensor of a one-operator model: its values (only the shape and dtype of a result count) and quantization."""

    values: np.ndarray
    scales: tuple[float, ...] = ()
    zero_point: int = 0
    axis: int = 0
    constant: bool = False


class Oracle:
    """Runs one operator elsewhere: operands in, the result's values out."""

    def __init__(self) -> None:
        self.schema = pytest.importorskip("ai_edge_litert.schema_py_generated")

    def tensor(self, values, scale, zero_point) -> Operand:
        return Operand(values, (scale,) if scale else (), zero_point)

    def constant(self, values, scales=(), axis=0) -> Operand:
        return Operand(values, tuple(scales), 0, axis, constant=True)

    def run(self, operator, operands, result, options="", **fields) -> np.ndarray:
        """The result of `operator` with the options table `options`, whose fields are given under schema names."""
        inputs = [operand.values for operand in operands if not operand.constant]
        return self._invoke(self._model(operator, operands, result, options, fields), inputs)

    def _model(self, operator, operands, result, options, fields) -> bytes:
        schema = self.schema
        model, graph, op, code = schema.ModelT(), schema.SubGraphT(), schema.OperatorT(), schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, operator)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = 3
        everything = [*operands, result]
        model.version = 3
        model.operatorCodes = [code]
        model.subgraphs = [graph]
        model.buffers = [schema.BufferT()]
        graph.tensors = [self._tensor(operand, model.buffers) for operand in everything]
        graph.inputs = [index for index, operand in enumerate(operands) if not operand.constant]
        graph.outputs = [len(operands)]
        graph.operators = [op]
        op.inputs = list(range(len(operands)))
        op.outputs = graph.outputs
        if options:
            op.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            op.builtinOptions = getattr(schema, options + "T")()
            for name, value in fields.items():
                assert hasattr(op.builtinOptions, name), name
                setattr(op.builtinOptions, name, ACTIVATIONS[value] if name == "fusedActivationFunction" else value)
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def _tensor(self, operand, buffers):
        tensor = self.schema.TensorT()
        tensor.shape = list(operand.values.shape)
        tensor.type = TENSOR_TYPES[operand.values.dtype.name]
        tensor.name = str(len(buffers))
        tensor.buffer = len(buffers)
        buffer = self.schema.BufferT()
        if operand.constant:
            buffer.data = np.frombuffer(operand.values.tobytes(), np.uint8)
        buffers.append(buffer)
        if operand.scales:
            tensor.quantization = self.schema.QuantizationParametersT()
            tensor.quantization.scale = list(operand.scales)
            tensor.quantization.zeroPoint = [operand.zero_point] * len(operand.scales)
            tensor.quantization.quantizedDimension = operand.axis
        return tensor


class LiteRT(Oracle):
    """LiteRT with its reference kernels; the others are not bit-exact with TensorFlow Lite Micro."""

    def __init__(self) -> None:
        super().__init__()
        self.interpreter = pytest.importorskip("ai_edge_litert.interpreter")

    def _invoke(self, model, inputs) -> np.ndarray:
        resolver = self.interpreter.OpResolverType.BUILTIN_REF
        interpreter = self.interpreter.Interpreter(model_content=model, experimental_op_resolver_type=resolver)
        interpreter.allocate_tensors()
        for detail, values in zip(interpreter.get_input_details(), inputs, strict=True):
            interpreter.set_tensor(detail["index"], values)
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


class TFLM(Oracle):
    """TensorFlow Lite Micro itself, built for a PC, where its Python package is installed."""

    def __init__(self) -> None:
        super().__init__()
        self.runtime = pytest.importorskip("tflite_micro").runtime

    def _invoke(self, model, inputs) -> np.ndarray:
        interpreter = self.runtime.Interpreter.from_bytes(model, arena_size=2**20)
        for index, values in enumerate(inputs):
            interpreter.set_input(values, index)
        interpreter.invoke()
        return interpreter.get_output(0)


@pytest.fixture(scope="session")
def litert():
    return LiteRT()


@pytest.fixture(scope="session")
def tflm():
    return TFLM()


@pytest.fixture(scope="session", params=[LiteRT, TFLM])
def oracle(request):
    """Each oracle in turn, for operators in which LiteRT and TensorFlow Lite Micro agree bit for bit."""
    return request.param()


@pytest.fixture(scope="session")
def activation_range():
    """Limits of a fused activation in an output's quantization: real limits / scale, rounded half away from zero."""

    def limits(activation, scale, zero_point):
        def quantized(real):
            return zero_point + math.floor(np.float32(real) / np.float32(scale) + 0.5)

        low = -128 if activation == "NONE" else max(-128, zero_point)
        high = min(127, quantized(6.0)) if activation == "RELU6" else 127
        return low, high

    return limits


@pytest.fixture(scope="session")
def window_geometry():
    """Output size and padding before, of one dimension, as TensorFlow defines SAME and VALID."""

    def geometry(size, kernel, stride, dilation, same):
        extent = (kernel - 1) * dilation + 1
        if not same:
            return (size - extent) // stride + 1, 0
        output = -(-size // stride)
        return output, max((output - 1) * stride + extent - size, 0) // 2

    return geometry


@dataclass(frozen=True)
class Convolution:
    """Arguments of a convolution kernel in groups, in their order, and the output they must give."""

    tensors: tuple[np.ndarray, ...]  # input, filter, bias, multiplier, shift
    window: tuple[int, ...]  # strides, paddings before, dilations
    quantization: tuple[int, ...]  # input and output offset, activation limits
    expected: np.ndarray


@pytest.fixture(scope="session")
def random_convolution(oracle, activation_range, window_geometry):
    """Builds a convolution from its shapes, with random contents and scales, and lets the oracle run it.

    int16 has zero points of 0 and is not clamped.
    """

    def build(operator, options, shapes, channel_axis, zero_points, gain, activation, seed, dtype=np.int8, **fields):
        input_shape, filter_shape, stride, dilation, same = shapes
        channels = filter_shape[channel_axis]
        random = np.random.default_rng(seed)
        ends, is_wide = np.iinfo(dtype), dtype == np.int16
        values = random.integers(ends.min, ends.max, input_shape, dtype, endpoint=True)
        weights = random.integers(-127, 128, filter_shape, np.int8)
        bias = random.integers(-5000, 5001, channels, np.int64 if is_wide else np.int32)
        input_scale = float(np.float32(random.uniform(0.001, 0.1)))
        filter_scales = random.uniform(0.0001, 0.1, channels).astype(np.float32).astype(np.float64)
        output_scale = float(np.float32(input_scale * filter_scales.mean() * 2.0**-gain))
        sizes, padding = zip(
            *(window_geometry(input_shape[1 + i], filter_shape[1 + i], stride[i], dilation[i], same) for i in range(2)),
            strict=True,
        )
        expected = oracle.run(
            operator,
            [
                oracle.tensor(values, input_scale, zero_points[0]),
                oracle.constant(weights, filter_scales, channel_axis),
                oracle.constant(bias, np.float32(input_scale) * filter_scales.astype(np.float32)),
            ],
            oracle.tensor(np.zeros((input_shape[0], *sizes, channels), dtype), output_scale, zero_points[1]),
            options,
            padding=0 if same else 1,
            strideH=stride[0],
            strideW=stride[1],
            dilationHFactor=dilation[0],
            dilationWFactor=dilation[1],
            fusedActivationFunction=activation,
            **fields,
        )
        pairs = [quantize_multiplier(input_scale * scale / output_scale) for scale in filter_scales]
        multiplier, shift = np.array(pairs, np.int32).T.copy()
        limits = (ends.min, ends.max) if is_wide else activation_range(activation, output_scale, zero_points[1])
        return Convolution(
            (values, weights, bias, multiplier, shift),
            (*stride, *padding, *dilation),
            (-zero_points[0], zero_points[1], *limits),
            expected,
        )

    return build


@pytest.fixture(scope="session")
def vector_convolutions(vectors):
    """The test vectors of a convolution: (name, params, Convolution) each."""

    def convolutions(op):
        for name, params, arrays in vectors(op):
            bias = arrays.get("bias", np.zeros(arrays["expected"].shape[-1], np.int32))
            padding = params["padding"]["top"], params["padding"]["left"]
            names = ("input_offset", "output_offset", "activation_min", "activation_max")
            yield (
                name,
                params,
                Convolution(
                    (arrays["input"], arrays["filter"], bias, arrays["multiplier"], arrays["shift"]),
                    (*params["stride"], *padding, *params["dilation"]),
                    tuple(params[name] for name in names),
                    arrays["expected"],
                ),
            )

    return convolutions


@pytest.fixture(scope="session")
def vectors(reference_data):
    """The int8 (or given dtype's) cases of an operator: (name, params, arrays) each; see vectors/README.md there."""
    folder = reference_data / "vectors"
    index = json.loads((folder / "index.json").read_text())

    def cases(op, dtype="s8"):
        with np.load(folder / f"{op}.npz") as arrays:
            for case in index:
                if case["op"] == op and case["dtype"] == dtype:
                    yield (
                        case["case"],
                        case["params"],
                        {name: arrays[f"{case['case']}/{name}"] for name in case["arrays"]},
                    )

    return cases
