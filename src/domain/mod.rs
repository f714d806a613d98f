//! The nouns. Std only, but for the rules of time zones: no I/O, no clock, no format.

pub mod coding;
pub mod date;
pub mod decimal;
pub mod effect;
pub mod event;
pub mod fact;
pub mod identity;
pub mod linkage;
pub mod moment;
pub mod person;
pub mod promotion;
pub mod refusal;
pub mod response;
pub mod signal;
pub mod standing;
pub mod statement;
pub mod time;
pub mod zone;
