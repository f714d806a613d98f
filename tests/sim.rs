//! The simulator, for some seconds: `twin sim` does the same for as long as is wanted.

use twinstream::sim::run::{Enough, Goal, Trial, sweep};
use twinstream::sim::scene::Scene;

#[test]
fn every_promise_is_kept_whatever_happens() {
    let goal = Goal { trials: Trial::USUAL.to_vec(), enough: Enough::Seeds(60) };
    let tried =
        sweep(&Scene::default(), &goal, 0, &|_| {}).unwrap_or_else(|failure| panic!("{failure}"));
    println!("{tried:?}");
    // Each thing that can go wrong did.
    for (what, n) in [
        ("crashes", tried.crashes),
        ("restores", tried.restores),
        ("replays", tried.replays),
        ("checkpoints", tried.checkpoints),
        ("damaged", tried.damaged),
        ("passed over", tried.passed_over),
        ("evictions", tried.evictions),
        ("records", tried.records),
    ] {
        assert!(20 < n, "{what}: {n}");
    }
}

#[test]
fn a_crash_in_every_effect_of_a_history_loses_nothing() {
    let goal = Goal { trials: vec![Trial::EveryCrash], enough: Enough::Seeds(1) };
    let tried =
        sweep(&Scene::default(), &goal, 0, &|_| {}).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(100 < tried.crashes, "{tried:?}");
}
