"""The int8 kernel library: one module an operator family, bit-exact with TensorFlow Lite Micro, knows no .tflite."""
