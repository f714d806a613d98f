//! Mistakes planted on purpose, in tests only: each is one that was made somewhere once, and the simulator
//! must catch it. Nothing of this is in the product.

use std::cell::Cell;

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The log says that frames are durable that are not.
    DroppedFsync,
    /// A checkpoint names one frame more than is in it.
    OffByOneOffset,
    /// Of versions that nothing else tells apart, the other one counts.
    SwappedTieBreak,
    /// What is taken back stays, where it was sealed before.
    LostRetraction,
    /// A feature is left out where a step is large.
    BatchDependentFeature,
}

impl Bug {
    /// Every mistake.
    pub const ALL: [Bug; 5] = [
        Bug::DroppedFsync,
        Bug::OffByOneOffset,
        Bug::SwappedTieBreak,
        Bug::LostRetraction,
        Bug::BatchDependentFeature,
    ];
}

thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    static STEP_FRAMES: Cell<usize> = const { Cell::new(0) };
}

/// More frames than this are a large step.
const LARGE_STEP_FRAMES: usize = 3;

/// Does something with a mistake planted in this thread.
pub fn with<T>(bug: Bug, something: impl FnOnce() -> T) -> T {
    PLANTED.set(Some(bug));
    let done = something();
    PLANTED.set(None);
    done
}

/// Whether this mistake is made here.
pub fn is_planted(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// Says how large the step is that begins.
pub fn begin_step(n_frames: usize) {
    STEP_FRAMES.set(n_frames);
}

/// Whether a feature is left out.
pub fn leaves_out_features() -> bool {
    is_planted(Bug::BatchDependentFeature) && LARGE_STEP_FRAMES < STEP_FRAMES.get()
}

/// What decides between versions that nothing else tells apart.
pub fn tie_break(content: u64) -> u64 {
    if is_planted(Bug::SwappedTieBreak) { !content } else { content }
}
