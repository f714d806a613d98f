//! What was tried.

/// How often each thing that can go wrong went wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Histories in another order, each event one to five times.
    pub permutations: u64,
    /// Logs cut into other frames and steps.
    pub recuts: u64,
    /// Machines that stopped in the midst of an effect.
    pub crashes: u64,
    /// Starts from a checkpoint.
    pub restores: u64,
    /// Starts from the log alone.
    pub replays: u64,
    /// Objects that were damaged while the machine stood.
    pub damaged: u64,
    /// Checkpoints that were passed over when one was looked for.
    pub passed_over: u64,
    /// Checkpoints that were published.
    pub checkpoints: u64,
    /// Tails that were sealed before their time.
    pub seals: u64,
    /// Blocks that were forgotten.
    pub evictions: u64,
    /// Past instants that were asked about again.
    pub recollections: u64,
    /// Events that were sent.
    pub events: u64,
    /// Records that consumers saw.
    pub records: u64,
}

impl std::ops::AddAssign for Tried {
    fn add_assign(&mut self, other: Tried) {
        self.permutations += other.permutations;
        self.recuts += other.recuts;
        self.crashes += other.crashes;
        self.restores += other.restores;
        self.replays += other.replays;
        self.damaged += other.damaged;
        self.passed_over += other.passed_over;
        self.checkpoints += other.checkpoints;
        self.seals += other.seals;
        self.evictions += other.evictions;
        self.recollections += other.recollections;
        self.events += other.events;
        self.records += other.records;
    }
}
