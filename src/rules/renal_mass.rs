//! Renal masses that are found by chance.
//!
//! Source: Herts BR et al., J Am Coll Radiol 2018;15:264-73 (ACR incidental findings); Bosniak classes.
//! It is guidance: consider. Solid masses go to urology, whatever their size: no row of theirs is applied
//! by itself.

/// What follows for a mass that only a study without contrast shows: homogeneous, and -10 to 20 or from
/// 70 Hounsfield units, is benign (Herts 2018). In tenths of a unit; below -10 there may be fat.
pub fn without_contrast(tenths: i64, is_homogeneous: bool) -> &'static str {
    match tenths {
        -100..=200 | 700.. if is_homogeneous => "NO_FOLLOWUP",
        _ => "RENAL_PROTOCOL_CT_MR",
    }
}

/// Whether a mass takes up contrast, by the rise in tenths of a Hounsfield unit: ≥ 20 yes, ≤ 10 no
/// (Herts 2018).
pub const fn enhancement(tenths: i64) -> &'static str {
    match tenths {
        ..=100 => "NOT_ENHANCING",
        101..200 => "EQUIVOCAL",
        200.. => "ENHANCING",
    }
}

/// What a Bosniak class says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bosniak {
    /// Benign: I and II.
    Benign,
    /// To be followed: IIF.
    Followed,
    /// To be referred: III and IV.
    Referred,
}

impl Bosniak {
    /// What follows (Herts 2018).
    pub const fn follow_up(self) -> &'static str {
        match self {
            Bosniak::Benign => "NO_FOLLOWUP",
            Bosniak::Followed => "CT_MR_6M_12M_THEN_ANNUAL_5Y",
            Bosniak::Referred => "REFER",
        }
    }
}

/// What follows for a solid mass.
pub const SOLID: &str = "UROLOGY_REVIEW";
