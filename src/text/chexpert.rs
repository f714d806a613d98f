//! CheXpert: one label for each of fourteen observations of a chest radiograph, from its mentions.
//!
//! Source: Irvin J et al., AAAI 2019;33:590-7; the order in which conflicts are resolved is that of the
//! authors' labeler (stages/aggregate.py, 44ddeb3), where a negation beside an uncertainty is uncertain even
//! if a third mention is positive. Not mentioned is blank, and blank is not negative.

/// What a mention says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// 1
    Positive,
    /// 0
    Negative,
    /// -1
    Uncertain,
}

impl Label {
    /// The number of the published data set.
    pub const fn number(self) -> i64 {
        match self {
            Label::Positive => 1,
            Label::Negative => 0,
            Label::Uncertain => -1,
        }
    }

    /// The label of a number.
    pub const fn of(number: i64) -> Option<Label> {
        match number {
            1 => Some(Label::Positive),
            0 => Some(Label::Negative),
            -1 => Some(Label::Uncertain),
            _ => None,
        }
    }
}

/// The label of all mentions; `None` of none.
pub fn aggregate(mentions: &[Label]) -> Option<Label> {
    let has = |label: Label| mentions.contains(&label);
    // aggregate.py: {0, -1}, then {0, 1}, then {-1, 1}, then all the same.
    if has(Label::Negative) && has(Label::Uncertain) {
        return Some(Label::Uncertain);
    }
    if has(Label::Positive) {
        return Some(Label::Positive);
    }
    mentions.first().copied()
}

/// How training treats an uncertain label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// It is left out.
    Ignore,
    /// It counts as negative.
    Zeroes,
    /// It counts as positive.
    Ones,
    /// It is a class of its own.
    MultiClass,
}

/// What a label is trained as; `None` where it is left out, as a blank one always is.
pub fn trained_as(label: Option<Label>, policy: Policy) -> Option<i64> {
    let label = label?;
    match (label, policy) {
        (Label::Positive | Label::Negative, _) => Some(label.number()),
        (Label::Uncertain, Policy::Ignore) => None,
        (Label::Uncertain, Policy::Zeroes) => Some(0),
        (Label::Uncertain, Policy::Ones) => Some(1),
        (Label::Uncertain, Policy::MultiClass) => Some(2),
    }
}
