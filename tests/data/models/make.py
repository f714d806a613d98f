"""Makes the small models of the tests, byte for byte the same each time. Needs onnx; run in this folder.

risk.onnx    a logistic regression of three numbers, missing ones taken as usual: 1 / (1 + exp(-z))
nan.onnx     answers what is no number, whatever it is given
wide.onnx    takes rows of five numbers
"""

import onnx
from onnx import TensorProto, helper, numpy_helper
import numpy as np


def number(name, values, shape=None):
    array = np.array(values, dtype=np.float32)
    return numpy_helper.from_array(array.reshape(shape) if shape else array, name)


def save(path, nodes, initializers, width):
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="")
    model.ir_version = 8
    onnx.checker.check_model(model)
    with open(path, "wb") as file:
        file.write(model.SerializeToString(deterministic=True))


def regression(width, weights, bias, usual):
    nodes = [
        helper.make_node("IsNaN", ["features"], ["missing"]),
        helper.make_node("Where", ["missing", "usual", "features"], ["filled"]),
        helper.make_node("MatMul", ["filled", "weights"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["z"]),
        helper.make_node("Sigmoid", ["z"], ["probability"]),
    ]
    initializers = [number("usual", usual), number("weights", weights, (width, 1)), number("bias", [bias])]
    return nodes, initializers


# Heart rate, respiratory rate, systolic pressure.
save("risk.onnx", *regression(3, [0.05, 0.1, -0.03], -5.0, [80.0, 16.0, 120.0]), 3)
save("wide.onnx", *regression(5, [0.1] * 5, 0.0, [0.0] * 5), 5)
save(
    "nan.onnx",
    [
        helper.make_node("ReduceSum", ["features", "axis"], ["sum"], keepdims=1),
        helper.make_node("Mul", ["sum", "nan"], ["probability"]),
    ],
    [number("nan", [float("nan")]), numpy_helper.from_array(np.array([1], dtype=np.int64), "axis")],
    3,
)
