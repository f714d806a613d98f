"""Trains the sepsis model on what `twin export` read of the PhysioNet/CinC Challenge 2019, and says how good it is.

    twin export sepsis patients-p100001-p115000.tar.zst --form challenge-2019 -o features.parquet
    python models/sepsis/train.py features.parquet

Cross-validation is by patient: of five folds each is scored by boosters and a threshold that never saw it. The
target of an hour is what a warning then is worth by the challenge's utility (Reyna 2020), not its label: a booster
learns whether a warning is worth more than silence, weighted by how much. The shipped model is trained on all
patients; its slope and intercept turn the score into the risk of the label, fitted on out-of-fold scores.
"""

import hashlib
import json
import pathlib
import sys

import lightgbm as lgb
import numpy as np
import onnxruntime
import pyarrow.parquet as pq
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import ensemble

HERE = pathlib.Path(__file__).resolve().parent
SEED, FOLDS, BAGS, ROUNDS = 2019, 5, 2, 220
PARAMETERS = dict(objective="binary", learning_rate=0.05, num_leaves=31, min_data_in_leaf=400,
                  feature_fraction=0.4, bagging_fraction=0.7, bagging_freq=1, lambda_l2=20.0, max_bin=127,
                  verbosity=-1, num_threads=2, deterministic=True, force_row_wise=True)


def worth(labels):
    """What a warning and what silence are worth in each hour of a patient (Reyna 2020)."""
    n_hours = len(labels)
    warning, silence = np.full(n_hours, -0.05), np.zeros(n_hours)
    if labels.any():
        from_onset = np.arange(n_hours) - (int(np.argmax(labels)) + 6)
        rise, fall = (from_onset + 12) / 6.0, (3 - from_onset) / 9.0
        early, late = from_onset <= -6, (from_onset > -6) & (from_onset <= 3)
        warning = np.where(early, np.maximum(rise, -0.05), np.where(late, fall, 0.0))
        silence = np.where(late, -2.0 * (from_onset + 6) / 9.0, 0.0)
    return warning, silence


class Cohort:
    """Rows of hours, patient by patient."""

    def __init__(self, path):
        table = pq.read_table(path)
        self.names = [name for name in table.column_names
                      if name not in ("patient", "at") and not name.startswith("label_")]
        columns = [table[name].to_numpy(zero_copy_only=False) for name in self.names]
        self.rows = np.column_stack(columns).astype(np.float32)
        self.labels = np.array(table["label_sepsis_label"].to_pylist()) == "1"
        _, self.starts, self.of = np.unique(table["patient"].to_numpy(zero_copy_only=False),
                                            return_index=True, return_inverse=True)
        pairs = [worth(labels) for labels in np.split(self.labels, self.starts[1:])]
        self.warning = np.concatenate([pair[0] for pair in pairs])
        self.silence = np.concatenate([pair[1] for pair in pairs])
        best = [np.maximum(warning, silence) for warning, silence in pairs]
        septic = np.array([labels.any() for labels in np.split(self.labels, self.starts[1:])])
        self.best = np.concatenate(best) * septic[self.of]
        shuffled = np.random.default_rng(SEED).permutation(len(self.starts))
        order = shuffled[np.argsort(~septic[shuffled], kind="stable")]
        fold = np.empty(len(order), dtype=int)
        fold[order] = np.arange(len(order)) % FOLDS
        self.fold = fold[self.of]

    def utility(self, warned, rows):
        gained = np.where(warned, self.warning[rows], self.silence[rows]).sum()
        silence, best = self.silence[rows].sum(), self.best[rows].sum()
        return (gained - silence) / (best - silence)


def train(cohort, rows):
    gain = cohort.warning - cohort.silence
    target, weight = (gain[rows] > 0).astype(int), np.abs(gain[rows])
    boosters = []
    for bag in range(BAGS):
        data = lgb.Dataset(cohort.rows[rows], target, weight=weight, feature_name=cohort.names)
        parameters = dict(PARAMETERS, seed=SEED + bag)
        boosters.append(lgb.train(parameters, data, num_boost_round=ROUNDS))
    return boosters


def score(boosters, rows):
    return np.mean([booster.predict(rows, raw_score=True) for booster in boosters], axis=0)


def best_threshold(cohort, scores, rows):
    """The threshold of the greatest utility: all hours above it are warned of."""
    order = np.argsort(-scores)
    gained = np.cumsum((cohort.warning - cohort.silence)[rows][order])
    return float(scores[order][int(np.argmax(gained))])


def main(path):
    cohort = Cohort(path)
    everyone = np.arange(len(cohort.labels))
    scores, warned, folds = np.zeros(len(everyone)), np.zeros(len(everyone), dtype=bool), []
    for fold in range(FOLDS):
        held, rest = np.flatnonzero(cohort.fold == fold), np.flatnonzero(cohort.fold != fold)
        boosters = train(cohort, rest)
        scores[held] = score(boosters, cohort.rows[held])
        folds.append(held)
        print(f"fold {fold}: trained", flush=True)
    for fold, held in enumerate(folds):
        rest = np.flatnonzero(cohort.fold != fold)
        warned[held] = scores[held] >= best_threshold(cohort, scores[rest], rest)
    boosters = train(cohort, everyone)
    threshold = best_threshold(cohort, scores, everyone)
    fit = LogisticRegression(C=1e6).fit(scores.reshape(-1, 1), cohort.labels)
    slope, intercept = float(fit.coef_[0, 0]), float(fit.intercept_[0])
    risk = 1.0 / (1.0 + np.exp(-(slope * scores + intercept)))
    n_trees = ensemble.save(HERE / "model.onnx", boosters, len(cohort.names), slope, intercept)
    sample = np.random.default_rng(SEED).choice(everyone, 5_000, replace=False)
    session = onnxruntime.InferenceSession(str(HERE / "model.onnx"))
    answered = session.run(None, {"features": cohort.rows[sample]})[0].ravel()
    expected = 1.0 / (1.0 + np.exp(-(slope * score(boosters, cohort.rows[sample]) + intercept)))
    importance = sum(booster.feature_importance("gain") for booster in boosters)
    metrics = {
        "patients": len(cohort.starts), "hours": len(everyone), "patients_with_sepsis": int(
            sum(labels.any() for labels in np.split(cohort.labels, cohort.starts[1:]))),
        "utility_by_fold": [round(cohort.utility(warned[held], held), 4) for held in folds],
        "utility": round(cohort.utility(warned, everyone), 4),
        "auroc": round(roc_auc_score(cohort.labels, risk), 4),
        "auprc": round(average_precision_score(cohort.labels, risk), 4),
        "threshold": round(float(1.0 / (1.0 + np.exp(-(slope * threshold + intercept)))), 4),
        "trees": n_trees, "features": len(cohort.names),
        "onnx_difference_max": float(np.abs(answered - expected).max()),
        "sha256": hashlib.sha256((HERE / "model.onnx").read_bytes()).hexdigest(),
        "usual": {name: None if np.isnan(value) else round(float(value), 4)
                  for name, value in zip(cohort.names, medians(cohort.rows))},
        "importance": {cohort.names[place]: round(float(importance[place] / importance.sum()), 4)
                       for place in np.argsort(-importance)},
    }
    (HERE / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n")
    np.savez_compressed("/tmp/sepsis-out-of-fold.npz" if len(sys.argv) < 3 else sys.argv[2],
                        risk=risk, warned=warned, fold=cohort.fold)
    print(json.dumps({key: metrics[key] for key in list(metrics)[:12]}, indent=1))


def medians(rows):
    """The median of each feature; missing where it is missing in most hours."""
    mostly = np.isnan(rows).mean(axis=0) > 0.5
    with np.errstate(all="ignore"):
        return np.where(mostly, np.nan, np.nanmedian(rows, axis=0))


if __name__ == "__main__":
    main(sys.argv[1])
