//! Letting a client in: the startup message, the password by SCRAM, and what it is told first.

use std::collections::HashMap;
use std::fmt::Debug;

use async_trait::async_trait;
use futures::{Sink, SinkExt};
use pgwire::api::auth::{
    ServerParameterProvider, StartupHandler, finish_authentication, protocol_negotiation,
    save_startup_parameters_to_metadata,
};
use pgwire::api::{
    ClientInfo, METADATA_DATABASE, METADATA_USER, PgWireConnectionState, PidSecretKeyGenerator,
};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::startup::{Authentication, PasswordMessageFamily, Startup};
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};

use crate::pgwire::connection::{Connection, Registered};
use crate::pgwire::failure::{closed, state};
use crate::pgwire::pg_tables::DATABASE;
use crate::pgwire::scram::{Exchange, MECHANISM, ScramError};
use crate::pgwire::settings::{REPORTED, Settings};
use crate::pgwire::users::random_text;

/// How far a login has come.
#[derive(Debug, Default)]
pub enum Login {
    /// The client has yet to say who it is.
    #[default]
    Unknown,
    /// It has said so, and has yet to begin to prove it.
    Named(String),
    /// It has begun.
    Proving(String, Box<Exchange>),
    /// It has proved it, or failed.
    Over,
}

/// What a client sends that is no setting.
const NO_SETTINGS: [&str; 4] = ["user", "database", "options", "replication"];

#[async_trait]
impl StartupHandler for Connection {
    async fn on_startup<C>(
        &self,
        client: &mut C,
        message: PgWireFrontendMessage,
    ) -> PgWireResult<()>
    where
        C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        match message {
            PgWireFrontendMessage::Startup(startup) => {
                protocol_negotiation(client, &startup).await?;
                save_startup_parameters_to_metadata(client, &startup);
                let user = self.greeted(&startup).await?;
                *self.login.lock().await = Login::Named(user);
                client.set_state(PgWireConnectionState::AuthenticationInProgress);
                told(client, Authentication::SASL(vec![MECHANISM.to_owned()])).await
            }
            PgWireFrontendMessage::PasswordMessageFamily(message) => {
                self.proved(client, message).await
            }
            _ => Err(closed(state::PROTOCOL, "expected a startup message or a password")),
        }
    }
}

async fn told<C>(client: &mut C, message: Authentication) -> PgWireResult<()>
where
    C: Sink<PgWireBackendMessage> + Unpin,
    PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
{
    Ok(client.send(PgWireBackendMessage::Authentication(message)).await?)
}

impl Connection {
    /// Takes a startup message's settings. Returns the name of the user.
    async fn greeted(&self, startup: &Startup) -> PgWireResult<String> {
        let said = |name: &str| startup.parameters.get(name).cloned();
        let Some(user) = said(METADATA_USER) else {
            return Err(PgWireError::UserNameRequired);
        };
        // Where no database is named, a client means the one named like its user.
        let database = said(METADATA_DATABASE).unwrap_or_else(|| user.clone());
        if database != DATABASE {
            let message = format!("database \"{database}\" does not exist: expected {DATABASE}");
            return Err(closed(state::NO_DATABASE, message));
        }
        let settings = &mut self.session.lock().await.settings;
        let named = startup.parameters.iter();
        for (name, value) in named.filter(|(name, _)| !NO_SETTINGS.contains(&name.as_str())) {
            let taken = settings.set(name, value);
            // A client names its zone and date style without being asked, and is told ours.
            let is_told = REPORTED.iter().any(|reported| reported.eq_ignore_ascii_case(name));
            if let (Err(PgWireError::UserError(mut info)), false) = (taken, is_told) {
                info.severity = "FATAL".to_owned();
                return Err(PgWireError::UserError(info));
            }
        }
        for (name, value) in options(said("options").as_deref().unwrap_or_default()) {
            settings.set(name, value)?;
        }
        Ok(user)
    }

    /// Takes a step of the proof.
    async fn proved<C>(&self, client: &mut C, message: PasswordMessageFamily) -> PgWireResult<()>
    where
        C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let mut login = self.login.lock().await;
        match std::mem::replace(&mut *login, Login::Over) {
            Login::Named(user) => {
                let first = message.into_sasl_initial_response()?;
                if first.auth_method != MECHANISM {
                    return Err(PgWireError::UnsupportedSASLAuthMethod(first.auth_method));
                }
                let nonce = random_text()?;
                let data = first.data.unwrap_or_default();
                let begun = Exchange::begin(self.door.users.verifier(&user), &data, &nonce);
                let exchange = begun.map_err(|error| refusal(error, &user))?;
                let answer = exchange.server_first().to_owned();
                *login = Login::Proving(user, Box::new(exchange));
                told(client, Authentication::SASLContinue(answer.into())).await
            }
            Login::Proving(user, exchange) => {
                let last = message.into_sasl_response()?;
                let proof = exchange.finish(&last.data).map_err(|error| refusal(error, &user))?;
                told(client, Authentication::SASLFinal(proof.into())).await?;
                self.register(client, user)?;
                let settings = self.session.lock().await.settings.clone();
                finish_authentication(client, &Told(settings)).await
            }
            Login::Unknown | Login::Over => {
                Err(closed(state::PROTOCOL, "expected no password at this point"))
            }
        }
    }

    fn register<C: ClientInfo>(&self, client: &mut C, user: String) -> PgWireResult<()> {
        let full = || closed(state::TOO_MANY, "as many sessions as there may be are open");
        let room = self.door.sessions.clone().try_acquire_owned().map_err(|_| full())?;
        let (pid, key) = self.door.numbers.generate(client);
        client.set_pid_and_secret_key(pid, key.clone());
        let (handle, guard) = self.door.connections.register(pid, key);
        let registered = Registered { user, pid, handle, guard, room };
        let again = |_| closed(state::PROTOCOL, "expected one login");
        self.registered.set(registered).map_err(again)
    }
}

/// What is told of a failed proof: the same for a user that is none.
fn refusal(error: ScramError, user: &str) -> PgWireError {
    match error {
        ScramError::Malformed => closed(state::PROTOCOL, "malformed SCRAM message"),
        ScramError::Wrong => {
            tracing::warn!("a login to SQL was refused: the password is wrong");
            let message = format!("password authentication failed for user \"{user}\"");
            closed(state::WRONG_PASSWORD, message)
        }
    }
}

/// The settings of `options=-c name=value`.
fn options(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let words = text.split_whitespace().filter(|word| *word != "-c");
    words.filter_map(|word| {
        let word = word.strip_prefix("--").or(word.strip_prefix("-c")).unwrap_or(word);
        word.split_once('=')
    })
}

/// What a client is told of without asking.
struct Told(Settings);

impl ServerParameterProvider for Told {
    fn server_parameters<C>(&self, client: &C) -> Option<HashMap<String, String>>
    where
        C: ClientInfo,
    {
        let user = client.metadata().get(METADATA_USER).cloned().unwrap_or_default();
        let told = REPORTED.iter().filter_map(|name| self.0.show(name).ok());
        let told = told.map(|(name, value)| (name.to_owned(), value));
        let who = ("session_authorization".to_owned(), user);
        Some(told.chain([who]).collect())
    }
}
