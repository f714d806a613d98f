//! A Kafka of one test alone, which may be stopped while others go on.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::kafka::brokers;

/// A running broker. Stopped when it is dropped.
pub(super) struct Broker {
    folder: tempfile::TempDir,
    kind: &'static str,
    /// Where it listens.
    pub address: String,
}

impl Broker {
    /// A broker with an open door; `None`, and a loud word, where there is no Kafka.
    pub(super) fn open() -> Option<Broker> {
        Broker::of("start")
    }

    /// A broker whose door wants TLS and a user.
    pub(super) fn secure() -> Option<Broker> {
        Broker::of("secure")
    }

    fn of(kind: &'static str) -> Option<Broker> {
        brokers()?;
        let folder = tempfile::tempdir().unwrap();
        let mut broker = Broker { folder, kind, address: String::new() };
        broker.address = broker.start();
        Some(broker)
    }

    /// A file of its folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts it, where it was before. Says where it listens.
    pub(super) fn start(&self) -> String {
        self.run(self.kind)
    }

    /// Stops it in order; what it wrote stays.
    pub(super) fn stop(&self) {
        self.run("stop");
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, signal: &str) {
        let pid = std::fs::read_to_string(self.file("pid")).unwrap();
        assert!(Command::new("kill").args([signal, pid.trim()]).status().unwrap().success());
    }

    fn run(&self, command: &str) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services/kafka/kafka");
        let mut call = Command::new(script);
        let call = call.arg(command).arg(self.folder.path()).stderr(Stdio::inherit());
        String::from_utf8(call.output().unwrap().stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // One that is stopped in the middle hears nothing else.
        if let Ok(pid) = std::fs::read_to_string(self.file("pid")) {
            Command::new("kill").args(["-CONT", pid.trim()]).status().ok();
        }
        self.stop();
    }
}
