"""A LightGBM ensemble as one ONNX file: several boosters averaged, then calibrated, NaN as they were trained with it.

Written here and not by a converter, because a converter rounds thresholds to the nearest single-precision number
and so lets a value that is equal to one fall to the other side. Thresholds go down to the next representable one:
for single-precision inputs `x <= t` then says the same.
"""

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper


def below(threshold):
    """The greatest single-precision number that is not above a double-precision one."""
    single = np.float32(threshold)
    return float(np.nextafter(single, np.float32(-np.inf)) if single > threshold else single)


def add_tree(tree, number, scale, columns):
    """Adds a tree's nodes; LightGBM dumps a tree as nested dictionaries."""
    nodes, count = [(tree["tree_structure"], 0)], 1
    while nodes:
        node, place = nodes.pop()
        columns["nodes_treeids"].append(number)
        columns["nodes_nodeids"].append(place)
        if "split_feature" in node:
            left, right = count, count + 1
            count += 2
            nodes += [(node["left_child"], left), (node["right_child"], right)]
            missing = node["missing_type"]
            if missing == "NaN":
                goes_left = node["default_left"]
            elif missing == "None":  # LightGBM then takes NaN for zero.
                goes_left = 0.0 <= node["threshold"]
            else:
                raise ValueError(f"missing type {missing} is not written")
            columns["nodes_modes"].append("BRANCH_LEQ")
            columns["nodes_featureids"].append(node["split_feature"])
            columns["nodes_values"].append(below(node["threshold"]))
            columns["nodes_truenodeids"].append(left)
            columns["nodes_falsenodeids"].append(right)
            columns["nodes_missing_value_tracks_true"].append(int(goes_left))
        else:
            columns["nodes_modes"].append("LEAF")
            columns["nodes_featureids"].append(0)
            columns["nodes_values"].append(0.0)
            columns["nodes_truenodeids"].append(0)
            columns["nodes_falsenodeids"].append(0)
            columns["nodes_missing_value_tracks_true"].append(0)
            columns["target_treeids"].append(number)
            columns["target_nodeids"].append(place)
            columns["target_ids"].append(0)
            columns["target_weights"].append(node["leaf_value"] * scale)


def save(path, boosters, n_features, slope, intercept):
    """Writes sigmoid(slope * mean of the boosters' raw scores + intercept) as `probability`, a row each."""
    keys = ["nodes_treeids", "nodes_nodeids", "nodes_modes", "nodes_featureids", "nodes_values",
            "nodes_truenodeids", "nodes_falsenodeids", "nodes_missing_value_tracks_true",
            "target_treeids", "target_nodeids", "target_ids", "target_weights"]
    columns = {key: [] for key in keys}
    number = 0
    for booster in boosters:
        for tree in booster.dump_model()["tree_info"]:
            add_tree(tree, number, slope / len(boosters), columns)
            number += 1
    trees = helper.make_node("TreeEnsembleRegressor", ["features"], ["sum"], domain="ai.onnx.ml",
                             aggregate_function="SUM", n_targets=1, post_transform="NONE", **columns)
    nodes = [trees, helper.make_node("Add", ["sum", "intercept"], ["z"]),
             helper.make_node("Sigmoid", ["z"], ["probability"])]
    graph = helper.make_graph(
        nodes, "ensemble",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, n_features])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])],
        [numpy_helper.from_array(np.array([intercept], dtype=np.float32), "intercept")])
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=imports, producer_name="twinstream")
    model.ir_version = 8
    checker.check_model(model)
    with open(path, "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    return number
