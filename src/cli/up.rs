//! `twin up`: the demo hospital, live, until it is told to stop.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;

use twinstream::engine::published;
use twinstream::engine::responses;
use twinstream::engine::up::{UpSpec, up};
use twinstream::http::state::{About, State};
use twinstream::pgwire::scram::Verifier;
use twinstream::pgwire::server::{SqlDoorError, listen};
use twinstream::pgwire::users::{Users, password_of};

use crate::cli::args::UpArgs;
use crate::cli::replay::{read_library, read_site};
use crate::cli::run::{open_doors, open_sql};
use crate::cli::stopping::until_stopped;

/// What every page and the command begin with.
const BANNER: &str = "Synthetic data from a simulated hospital. Not a medical device.";

/// Who may ask SQL of the demo hospital.
const SQL_USER: &str = "demo";
/// The file in the data folder that holds the password.
const SQL_PASSWORD_FILE: &str = "sql-password";
/// The port SQL listens on, and those tried after it where it is taken: by a PostgreSQL, most likely.
const SQL_PORTS: std::ops::RangeInclusive<u16> = 5_432..=5_463;

/// A stop writes the last checkpoint, which takes a second or two.
const STOP_MAX: Duration = Duration::from_secs(60);

/// Runs the command.
pub fn run(args: &UpArgs) -> Result<()> {
    let (site_text, site) = read_site(None)?;
    let spec = UpSpec {
        folder: args.data.clone(),
        speed: args.speed,
        site: Arc::new(site),
        library: read_library(None)?.with_site(&site_text),
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (mut publisher, reader) = published::channel();
    let (mut desk, responses) = responses::channel();
    let about = About {
        title: "Demo hospital".to_owned(),
        banner: Some(BANNER.to_owned()),
        is_simulated: true,
    };
    open_doors(&runtime, args.http, State::new(reader.clone(), about).taking(responses))?;
    fs::create_dir_all(&args.data).with_context(|| args.data.display().to_string())?;
    let password_file = args.data.join(SQL_PASSWORD_FILE);
    let password =
        password_of(&password_file).with_context(|| password_file.display().to_string())?;
    let verifier = Verifier::of(&password)
        .with_context(|| format!("{}: expected a password", password_file.display()))?;
    let listener = runtime.block_on(listen_for_sql(args.sql))?;
    let sql = listener.local_addr()?;
    open_sql(&runtime, listener, reader, Users::new([(SQL_USER.to_owned(), verifier)])?)?;
    println!("{BANNER}");
    println!("console  http://{}", args.http);
    println!("SQL      twin sql --url http://{} \"SELECT * FROM patients LIMIT 5\"", args.http);
    println!("psql     psql postgresql://{SQL_USER}:{password}@{sql}/hospital");
    let work = move |stop: &AtomicBool| Ok(up(&spec, &mut publisher, &mut desk, stop)?);
    let result = until_stopped(&runtime, STOP_MAX, work);
    // What was left where it is must not be waited for.
    runtime.shutdown_background();
    result
}

/// Listens where it is told to, or on the first free port.
async fn listen_for_sql(address: Option<SocketAddr>) -> Result<TcpListener, SqlDoorError> {
    if let Some(address) = address {
        return listen(address).await;
    }
    let mut ports = SQL_PORTS.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let mut tried = match ports.next() {
        Some(first) => listen(first).await,
        None => listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await,
    };
    for address in ports {
        match tried {
            Err(SqlDoorError::Listen { .. }) => tried = listen(address).await,
            listening => return listening,
        }
    }
    tried
}
