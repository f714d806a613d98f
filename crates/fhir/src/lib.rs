//! What the product says, as FHIR R4 JSON: one Bundle for each revision of an effect.
//!
//! ```text
//! Said ──► bundle_json ──► Bundle (collection)
//!            alert         RiskAssessment  Observation  Flag  CommunicationRequest  Task ┐
//!            follow-up     ServiceRequest  Task                                          ├ Provenance
//!            suggestion    GuidanceResponse  RequestGroup  Task                          ┘
//! ```
//! A crate of its own because FHIR's types cost minutes to compile: it knows nothing of the engine,
//! takes plain structs, gives back text, and exposes no generic function, so that nothing of FHIR is
//! compiled again elsewhere. The types are those of R4B; what is written is valid R4 4.0.1.
//!
//! What holds for every Bundle:
//! - The same `Said` gives the same bytes. No clock, no chance.
//! - The id of every resource is the effect's; `meta.versionId` is the revision. Whoever stores the
//!   resources by type and id has, after each Bundle, the effect as it stands. A Provenance is about
//!   one revision: its id ends in `-REVISION`, and none replaces another.
//! - Withdrawn is `entered-in-error` everywhere: nothing is deleted.
//! - Nothing is ordered: whatever could be acted upon is a `proposal`, and what could be ordered is
//!   a `draft` until it ends.
//! - Every fact an effect rests on is named in the Provenance: version, source position, log position.
//!
//! The names that are ours:
//!
//! | URI | names |
//! |---|---|
//! | `urn:twinstream:effect` | an effect, by its id |
//! | `urn:twinstream:effect:ID:TYPE` | a resource of an effect, by its id and type (`Bundle.entry.fullUrl`) |
//! | `urn:twinstream:kind` | `alert`, `follow-up`, `suggestion` |
//! | `urn:twinstream:change`, `urn:twinstream:severity` | why a revision was made, how loudly it is said (tags of the Bundle) |
//! | `urn:twinstream:pipeline` | a pipeline; the edition of its rule is the version |
//! | `urn:twinstream:pipeline:NAME\|EDITION` | the same as one URI, percent-encoded |
//! | `urn:twinstream:band:PIPELINE` | the bands of a pipeline |
//! | `urn:twinstream:subject:PIPELINE` | the subjects of a pipeline that has several |
//! | `urn:twinstream:points:PIPELINE` | the points of a score's input, by its signal |
//! | `urn:twinstream:patient:NAMESPACE` | a patient, by the identifier a source uses |
//! | `urn:twinstream:source` | a source record, as `topic[partition]@offset` |
//! | `urn:twinstream:extension:source-position` | `topic`, `partition`, `offset` of the source record |
//! | `urn:twinstream:extension:log-position` | `partition`, `offset`, `index` in the log |
//! | `urn:twinstream:extension:code` | the code under which a fact came |
//! | `urn:twinstream:extension:effective-at` | the time for which a fact counts |
//! | `urn:twinstream:extension:known-at` | when a fact became known |
//! | `urn:twinstream:extension:citation` | the publication a rule is taken from |
//!
//! Positions are written as decimal text, because FHIR's integers end at 2^31 - 1.

pub mod bundle;
pub mod error;
pub mod said;

mod alert;
mod follow_up;
mod suggestion;

mod provenance;
mod score;
mod task;

mod element;
mod reference;
mod vocabulary;
