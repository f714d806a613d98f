//! `MRG`: one patient had two identifiers (A40); and that they are two after all (A37).
//!
//! Each becomes a Linkage of the identity that was merged away: it names the one that goes on, or no longer does. What
//! follows from it is decided where links are.

use crate::domain::event::{ResourceKind, Status};
use crate::domain::fact::Valid;
use crate::domain::identity::TwinId;
use crate::domain::refusal::Refusal;
use crate::domain::statement::{Activity, Attribute, Statement};
use crate::domain::time::Timestamp;
use crate::ingest::context::Context;
use crate::ingest::entry::ReadResource;
use crate::ingest::fhir::finish::{Head, finish};
use crate::ingest::hl7::fault::Fault;
use crate::ingest::hl7::version;
use crate::ingest::json::Text;

/// What is said of two identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// They are one patient.
    One,
    /// They are two.
    Two,
}

/// What a message says of an identity that was merged into another, or was not.
///
/// # Errors
/// `Undecodable` where both are one.
pub fn read(
    said: Said,
    (survivor, merged): (&str, &str),
    pointer: &str,
    recorded_at: Option<Timestamp>,
    context: &Context<'_>,
) -> Result<ReadResource<'static>, Fault> {
    if survivor == merged {
        return Err(Fault::new(Refusal::Undecodable, pointer, "merged with itself"));
    }
    let mut linkage = Statement { status: "active".into(), ..Statement::default() };
    match said {
        Said::One => {
            let twin = TwinId::new(context.spec.namespace.as_str(), survivor);
            linkage.set(Attribute::ReplacedBy, twin.to_string());
        }
        Said::Two => {
            (linkage.activity, linkage.status) = (Activity::Ended, "inactive".into());
        }
    }
    let head = Head {
        kind: ResourceKind::Linkage,
        id: Some(Text(format!("{merged}.{survivor}").into())),
        meta: version::meta(recorded_at),
        patient: Some(merged.to_owned().into()),
        recorded: None,
        status: Status::Final,
    };
    finish(head, context, Valid::since(Timestamp::MIN), linkage, &[]).map_err(Fault::at(pointer))
}
