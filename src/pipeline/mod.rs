//! Pipelines: what is computed of a twin as of one event, and what is said about it.

pub mod compile;
pub mod compose;
pub mod episode;
pub mod evidence;
pub mod feature;
pub mod inputs;
pub mod file;
pub mod live;
pub mod model;
pub mod model_card;
pub mod model_file;
#[expect(clippy::module_inception, reason = "the noun itself, among its parts")]
pub mod pipeline;
pub mod summary;
pub mod supports;
pub mod said;
pub mod setting;
pub mod stated;
pub mod table_text;
pub mod truth;
pub mod value_set;
pub mod view;
pub mod window;
