"""Trains the sepsis model on what `twin export` read of the PhysioNet/CinC Challenge 2019, and says how good it is.

    twin export sepsis patients-p100001-p115000.tar.zst --form challenge-2019 -o features.parquet
    pip install -r models/requirements.txt
    python models/sepsis/train.py features.parquet [people.csv]

`people.csv` (patient,sex,unit) is only for performance by sex and unit, neither of which is an input. Written beside
this file: model.onnx, metrics.json, reference.csv (how features and risks are distributed), and the hash and usual
values in model.yaml.

Folds are of patients: each is scored by boosters that never saw it, with a threshold chosen on the other folds'
out-of-fold scores. Two boosters are averaged: of the hourly label, and of what a warning is worth by the challenge's
utility (Reyna 2020). Hours without sepsis resemble their neighbours: of patients without it one in five is read,
with five times the weight. Risks are calibrated to the label by a slope and an intercept inside the file.
"""

import csv
import hashlib
import json
import pathlib
import re
import sys
import time

import lightgbm as lgb
import numpy as np
import onnxruntime
import pyarrow.parquet as pq
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import ensemble

HERE = pathlib.Path(__file__).resolve().parent
SEED, FOLDS, STRIDE = 2019, 5, 5
ROUNDS = {"label": 220, "worth": 180}
PARAMETERS = dict(learning_rate=0.05, num_leaves=12, min_data_in_leaf=600, feature_fraction=0.1, seed=1,
                  bagging_fraction=0.7, bagging_freq=1, lambda_l2=50.0, max_bin=63, verbosity=-1,
                  num_threads=1, deterministic=True, force_row_wise=True)


def worth(labels):
    """What a warning, silence and the best of them in the window of reward are worth in each hour (Reyna 2020)."""
    n_hours = len(labels)
    warning, silence, best = np.full(n_hours, -0.05), np.zeros(n_hours), np.zeros(n_hours)
    if labels.any():
        from_onset = np.arange(n_hours) - (int(np.argmax(labels)) + 6)
        rise, fall = from_onset / 6 + 12 / 6, from_onset * (-1 / 9) + 3 / 9
        early, late = from_onset <= -6, (from_onset > -6) & (from_onset <= 3)
        warning = np.where(early, np.maximum(rise, -0.05), np.where(late, fall, 0.0))
        silence = np.where(late, -2 / 9 * from_onset - 12 / 9, 0.0)
        best = np.where((-12 <= from_onset) & (from_onset <= 3), warning, silence)
    return warning, silence, best


class Cohort:
    """Rows of hours, patient by patient."""

    def __init__(self, path):
        table = pq.read_table(path)
        self.names = [line.split("|")[0].strip() for line in (HERE / "model.yaml").read_text().splitlines()
                      if line.count("|") == 2]
        columns = [table[name].to_numpy(zero_copy_only=False) for name in self.names]
        self.rows = np.column_stack(columns).astype(np.float32)
        self.labels = np.array(table["label_sepsis_label"].to_pylist()) == "1"
        self.patients, self.starts, self.of = np.unique(
            table["patient"].to_numpy(zero_copy_only=False), return_index=True, return_inverse=True)
        parts = [worth(labels) for labels in np.split(self.labels, self.starts[1:])]
        self.warning, self.silence, self.best = (np.concatenate(column) for column in zip(*parts))
        self.septic = np.maximum.reduceat(self.labels, self.starts)
        shuffled = np.random.default_rng(SEED).permutation(len(self.starts))
        order = shuffled[np.argsort(~self.septic[shuffled], kind="stable")]
        fold = np.empty(len(order), dtype=int)
        fold[order] = np.arange(len(order)) % FOLDS
        self.fold = fold[self.of]
        hour = np.arange(len(self.labels)) - self.starts[self.of]
        self.is_read = self.septic[self.of] | ((hour + self.of) % STRIDE == 0)
        self.weight = np.where(self.septic[self.of], 1.0, STRIDE)

    def utility(self, warned, rows):
        gained = np.where(warned, self.warning[rows], self.silence[rows]).sum()
        silence, best = self.silence[rows].sum(), self.best[rows].sum()
        return float((gained - silence) / (best - silence)) if silence < best else None


def train(cohort, rows):
    """The booster of the label, and that of the worth of a warning."""
    rows = rows[cohort.is_read[rows]]
    gain = (cohort.warning - cohort.silence)[rows]
    weight = cohort.weight[rows]
    aims = {"label": ("binary", cohort.labels[rows].astype(int), weight),
            "worth": ("cross_entropy", gain.clip(0, 1), weight * np.where(gain > 0, 1 + 4 * gain, 1.0))}
    boosters = []
    for aim, (objective, target, weight) in aims.items():
        data = lgb.Dataset(cohort.rows[rows], target, weight=weight, feature_name=cohort.names)
        boosters.append(lgb.train(dict(PARAMETERS, objective=objective), data, num_boost_round=ROUNDS[aim]))
    return boosters


def score(boosters, rows):
    return np.mean([booster.predict(rows, raw_score=True, num_threads=1) for booster in boosters], axis=0)


def best_threshold(cohort, scores, rows):
    """The threshold of the greatest utility: all hours above it are warned of."""
    order = np.argsort(-scores)
    gained = np.cumsum((cohort.warning - cohort.silence)[rows][order])
    return float(scores[order][int(np.argmax(gained))])


def validity(cohort, risk, warned, rows):
    """How good risks and warnings are in some hours."""
    labels, said = cohort.labels[rows], warned[rows]
    both = labels.any() and not labels.all()
    patients = np.unique(cohort.of[rows])
    septic = patients[cohort.septic[patients]]
    before = rows[(cohort.labels | ((cohort.warning > 0) & cohort.septic[cohort.of]))[rows] & said]
    found = {
        "patients": len(patients), "patients_with_sepsis": len(septic), "hours": len(rows),
        "utility": cohort.utility(said, rows),
        "auroc": float(roc_auc_score(labels, risk[rows])) if both else None,
        "auprc": float(average_precision_score(labels, risk[rows])) if both else None,
        "mean_risk": float(risk[rows].mean()), "rate_of_label": float(labels.mean()),
        "sensitivity_by_hour": float(said[labels].mean()) if both else None,
        "specificity_by_hour": float(1 - said[~labels].mean()),
        "predictive_value_by_hour": float(labels[said].mean()) if said.any() else None,
        "patients_with_sepsis_warned_in_time": float(len(np.unique(cohort.of[before])) / max(len(septic), 1)),
    }
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in found.items()}


def groups(cohort, people):
    """Rows by age and, where a file says them, sex and unit."""
    age = cohort.rows[:, cohort.names.index("age_years")]
    bands = [(0, 45), (45, 65), (65, 75), (75, 150)]
    found = {f"age {low} to {high - 1}": (low <= age) & (age < high) for low, high in bands}
    for column in ("sex", "unit") if people else ():
        of = {row["patient"]: row[column] for row in csv.DictReader(open(people, encoding="utf-8"))}
        values = np.array([of[patient] for patient in cohort.patients])[cohort.of]
        found |= {f"{column} {value}": values == value for value in np.unique(values)}
    return {name: np.flatnonzero(chosen) for name, chosen in found.items()}


def calibration(risk, labels):
    """Tenths of the hours by risk: the mean risk and the rate of the label."""
    parts = np.array_split(np.argsort(risk, kind="stable"), 10)
    return [[round(float(risk[part].mean()), 5), round(float(labels[part].mean()), 5)] for part in parts]


def write_reference(cohort, risk):
    """Deciles and the share missing, of each feature and of the out-of-fold risk."""
    with open(HERE / "reference.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["name", "missing"] + [f"p{10 * tenth}" for tenth in range(11)])
        for name, values in [*zip(cohort.names, cohort.rows.T), ("probability", risk)]:
            known = values[~np.isnan(values)]
            deciles = np.quantile(known, np.linspace(0, 1, 11))
            table.writerow([name, f"{1 - len(known) / len(values):.4f}"] + [f"{value:.5g}" for value in deciles])


def write_model_file(cohort, sha256):
    """The hash of the weights and the usual values: the median, none where it is mostly missing."""
    path, usual = HERE / "model.yaml", {}
    for name, values in zip(cohort.names, cohort.rows.T):
        is_known = np.isnan(values).mean() <= 0.5
        usual[name] = f"{np.nanmedian(values):.5g}" if is_known else ""
    lines = []
    for line in re.sub(r"\n(weights|sha256):.*", "", path.read_text()).splitlines():
        if line.count("|") == 2:
            line = f"{line.rpartition('|')[0]}| {usual[line.split('|')[0].strip()]}".rstrip()
        if line.startswith("features:"):
            lines += ["weights: model.onnx", f"sha256: '{sha256}'"]
        lines.append(line)
    path.write_text("\n".join(lines) + "\n")


def main(path, people=None):
    cohort = Cohort(path)
    everyone = np.arange(len(cohort.labels))
    scores, warned = np.zeros(len(everyone)), np.zeros(len(everyone), dtype=bool)
    folds = [np.flatnonzero(cohort.fold == fold) for fold in range(FOLDS)]
    for fold, held in enumerate(folds):
        scores[held] = score(train(cohort, np.flatnonzero(cohort.fold != fold)), cohort.rows[held])
        print(f"fold {fold}: trained and scored", flush=True)
    for fold, held in enumerate(folds):
        rest = np.flatnonzero(cohort.fold != fold)
        warned[held] = scores[held] >= best_threshold(cohort, scores[rest], rest)
    fit = LogisticRegression(C=1e6).fit(scores.reshape(-1, 1), cohort.labels)
    slope, intercept = float(fit.coef_[0, 0]), float(fit.intercept_[0])
    risk_of = lambda scores: 1.0 / (1.0 + np.exp(-(slope * scores + intercept)))
    risk = risk_of(scores)
    boosters = train(cohort, everyone)
    n_trees = ensemble.save(HERE / "model.onnx", boosters, len(cohort.names), slope, intercept)
    sample = cohort.rows[np.random.default_rng(SEED).choice(everyone, 10_000, replace=False)]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(HERE / "model.onnx"), options)
    begun = time.perf_counter()
    answered = session.run(None, {"features": sample})[0].ravel()
    taken = time.perf_counter() - begun
    gains = [booster.feature_importance("gain") for booster in boosters]
    importance = sum(gain / gain.sum() for gain in gains)
    digest = hashlib.sha256((HERE / "model.onnx").read_bytes()).hexdigest()
    metrics = {
        "all": validity(cohort, risk, warned, everyone),
        "by_fold": [validity(cohort, risk, warned, held) for held in folds],
        "by_group": {name: validity(cohort, risk, warned, rows) for name, rows in groups(cohort, people).items()},
        "calibration": calibration(risk, cohort.labels),
        "threshold": round(float(risk_of(best_threshold(cohort, scores, everyone))), 5),
        "trees": n_trees, "features": len(cohort.names), "sha256": digest,
        "onnx_difference_max": float(np.abs(answered - risk_of(score(boosters, sample))).max()),
        "onnx_microseconds_a_row": round(1e6 * taken / len(sample), 2),
        "importance": {cohort.names[place]: round(float(importance[place] / len(boosters)), 4)
                       for place in np.argsort(-importance)},
    }
    (HERE / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n")
    write_reference(cohort, risk)
    write_model_file(cohort, digest)
    print(json.dumps({key: metrics[key] for key in metrics if key != "importance"}, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
