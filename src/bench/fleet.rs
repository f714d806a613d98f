//! Instances of `twin run` as processes of their own: started, asked to stop, stopped in their tracks, killed.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::bench::harness::BenchError;
use crate::clock::now;
use crate::domain::event::{Clock, Control, Event, EventBody};
use crate::domain::identity::SourcePosition;
use crate::domain::promotion::Promotions;
use crate::engine::appender::Appender;
use crate::engine::library::Library;
use crate::engine::promoting::put_live;
use crate::kafka::log::KafkaLogWriter;
use crate::kafka::settings::KafkaSettings;

/// The pipeline that raises the one alert of each patient.
const PIPELINE: &str = include_str!("../../pipelines/news2.yaml");
/// Lines of an instance's log that are shown when it ends by itself.
const LOG_LINES_SHOWN: usize = 20;
/// `/proc` counts processor time in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// Instances of one group.
pub struct Fleet {
    twin: PathBuf,
    folder: PathBuf,
    kafka: KafkaSettings,
    topic: String,
    n_partitions: u32,
    members: Vec<Member>,
}

/// A running instance. Killed when it is dropped.
struct Member {
    name: String,
    child: Child,
}

impl Drop for Member {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// What cannot be done with a process or a file.
fn io(what: impl std::fmt::Display) -> impl FnOnce(io::Error) -> BenchError {
    move |error| BenchError::Wrong(format!("{what}: {error}"))
}

/// Begins the log with its pipeline live: instances of a real configuration would begin in shadow.
fn open_log(library: &Library, kafka: &KafkaSettings, n_partitions: u32) -> Result<(), BenchError> {
    let nothing = BTreeMap::new();
    let by = ("twin bench", "what arrives of what it says is what is measured");
    let opened = Control::Opened { n_partitions, clock: Clock::Live };
    let live = put_live(library, &Promotions::default(), by, now());
    let mut appender = Appender::new(n_partitions);
    for control in std::iter::once(opened).chain(library.changes(&nothing)).chain(live) {
        let (source, body) = (SourcePosition::new("twin", 0, 0), EventBody::Control(control));
        let event = Event { source, available_at: None, body };
        (0..n_partitions).for_each(|partition| appender.add(partition, &event));
    }
    Ok(KafkaLogWriter::new(kafka)?.append(&appender.take())?)
}

impl Fleet {
    /// No instance yet. Their files go below `folder`, their records come from `topic`; `twin` is the program.
    ///
    /// # Errors
    /// If the folder or the log cannot be written.
    pub fn new(
        twin: &Path,
        folder: &Path,
        kafka: &KafkaSettings,
        topic: &str,
        n_partitions: u32,
    ) -> Result<Fleet, BenchError> {
        let pipelines = folder.join("pipelines");
        fs::create_dir_all(&pipelines).map_err(io(pipelines.display()))?;
        let file = pipelines.join("news2.yaml");
        fs::write(&file, PIPELINE).map_err(io(file.display()))?;
        open_log(&Library::of_folder(&pipelines)?, kafka, n_partitions)?;
        Ok(Fleet {
            twin: twin.to_owned(),
            folder: folder.to_owned(),
            kafka: kafka.clone(),
            topic: topic.to_owned(),
            n_partitions,
            members: Vec::new(),
        })
    }

    /// Starts an instance. One that keeps its place has the group wait for it when it is away for a moment.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(&mut self, name: &str, keeps_its_place: bool) -> Result<(), BenchError> {
        let config = self.config(name, keeps_its_place)?;
        let path = self.log_path(name);
        let log = OpenOptions::new().create(true).append(true).open(&path);
        let log: File = log.map_err(io(path.display()))?;
        let mut command = Command::new(&self.twin);
        let command = command.arg("run").arg(&config).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().map_err(io(self.twin.display()))?;
        self.members.push(Member { name: name.to_owned(), child });
        Ok(())
    }

    fn config(&self, name: &str, keeps_its_place: bool) -> Result<PathBuf, BenchError> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(io("a free port"))?;
        let port = listener.local_addr().map_err(io("a free port"))?.port();
        let KafkaSettings { brokers, group, topic_prefix, .. } = &self.kafka;
        let place = match keeps_its_place {
            true => format!(", properties: {{ group.instance.id: '{name}' }}"),
            false => String::new(),
        };
        let text = format!(
            "http: {{ listen: '127.0.0.1:{port}' }}\nlog: {{ partitions: {} }}\npipelines: pipelines\n\
             kafka: {{ brokers: '{brokers}', group: '{group}', topic_prefix: '{topic_prefix}', \
             instance: '{name}'{place} }}\n\
             sources: [{{ name: bench, topics: ['{}'], format: fhir, namespace: bench }}]\n\
             checkpoints: {{ folder: '{}', interval_seconds: 1 }}\n",
            self.n_partitions,
            self.topic,
            self.folder.join("checkpoints").display(),
        );
        let path = self.folder.join(format!("{name}.yaml"));
        fs::write(&path, text).map_err(io(path.display()))?;
        Ok(path)
    }

    fn log_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    fn signal(&self, name: &str, signal: Signal) -> Result<(), BenchError> {
        let Some(member) = self.members.iter().find(|member| member.name == name) else {
            return Ok(());
        };
        let sent = kill_process(Pid::from_child(&member.child), signal);
        sent.map_err(|error| io(name)(error.into()))
    }

    /// Whether an instance runs.
    pub fn runs(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }

    /// `kill -9`.
    pub fn kill(&mut self, name: &str) {
        self.members.retain(|member| member.name != name);
    }

    /// Stops an instance in its tracks.
    ///
    /// # Errors
    /// If the system refuses it.
    pub fn freeze(&self, name: &str) -> Result<(), BenchError> {
        self.signal(name, Signal::STOP)
    }

    /// Has it go on.
    ///
    /// # Errors
    /// If the system refuses it.
    pub fn thaw(&self, name: &str) -> Result<(), BenchError> {
        self.signal(name, Signal::CONT)
    }

    /// Asks an instance to stop, and waits until it has.
    ///
    /// # Errors
    /// If it does not end well.
    pub fn stop(&mut self, name: &str) -> Result<(), BenchError> {
        self.signal(name, Signal::TERM)?;
        let Some(index) = self.members.iter().position(|member| member.name == name) else {
            return Ok(());
        };
        let mut member = self.members.remove(index);
        let status = member.child.wait().map_err(io(name))?;
        // One that had only just been started has not asked to be told of the signal yet.
        let is_over = status.success() || status.signal() == Some(Signal::TERM.as_raw());
        match is_over {
            true => Ok(()),
            false => Err(self.ended(name, &format!("asked to stop, {status}"))),
        }
    }

    /// Stops all that run.
    ///
    /// # Errors
    /// If one does not end well.
    pub fn stop_all(&mut self) -> Result<(), BenchError> {
        let names: Vec<String> = self.members.iter().map(|member| member.name.clone()).collect();
        names.iter().try_for_each(|name| self.stop(name))
    }

    /// Fails if an instance has ended by itself.
    ///
    /// # Errors
    /// Which, and what it said last.
    pub fn check(&mut self) -> Result<(), BenchError> {
        for index in 0..self.members.len() {
            let Some(member) = self.members.get_mut(index) else { continue };
            let name = member.name.clone();
            if let Some(status) = member.child.try_wait().map_err(io(&name))? {
                return Err(self.ended(&name, &status.to_string()));
            }
        }
        Ok(())
    }

    /// Whether an instance has ended by itself; then it is no longer one of them.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn has_ended(&mut self, name: &str) -> Result<bool, BenchError> {
        let Some(index) = self.members.iter().position(|member| member.name == name) else {
            return Ok(true);
        };
        let Some(member) = self.members.get_mut(index) else { return Ok(true) };
        let has_ended = member.child.try_wait().map_err(io(name))?.is_some();
        if has_ended {
            self.members.remove(index);
        }
        Ok(has_ended)
    }

    fn ended(&self, name: &str, how: &str) -> BenchError {
        let log = fs::read_to_string(self.log_path(name)).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.len().saturating_sub(LOG_LINES_SHOWN);
        let shown = lines.get(last..).unwrap_or_default().join("\n");
        BenchError::Wrong(format!("instance {name} has ended by itself ({how}):\n{shown}"))
    }

    /// Processor time of all that run.
    pub fn cpu(&self) -> Duration {
        self.members.iter().filter_map(|member| cpu_of(member.child.id())).sum()
    }

    /// Replays the log and compares it with the checkpoints, once nobody runs: how many partitions are `right`, of
    /// how many.
    ///
    /// # Errors
    /// If that cannot be done.
    pub fn verify(&self, name: &str) -> Result<(usize, usize), BenchError> {
        let config = self.folder.join(format!("{name}.yaml"));
        let mut command = Command::new(&self.twin);
        let command = command.args(["verify", "-o", "json", "--config"]).arg(config);
        let output = command.output().map_err(io(self.twin.display()))?;
        let rows: Vec<serde_json::Value> =
            serde_json::from_slice(&output.stdout).map_err(|error| {
                let said = String::from_utf8_lossy(&output.stderr);
                BenchError::Wrong(format!("twin verify: {error}: {said}"))
            })?;
        let right = rows.iter().filter(|row| row["verdict"] == "right");
        Ok((right.count(), rows.len()))
    }
}

/// Processor time of a process, from fields 14 and 15 of its `stat`, which follow its name in brackets.
fn cpu_of(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let (user, system) = (fields.next()?.parse::<u32>().ok()?, fields.next()?.parse::<u32>().ok()?);
    Some(TICK * user.checked_add(system)?)
}
