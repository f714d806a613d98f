//! Drug interactions that are never acceptable: the fifteen pairs of the ONC high-priority list (TX-11).
//!
//! Source: Phansalkar S et al., J Am Med Inform Assoc 2012;19:735-43 (PMC3422823), names as listed again in
//! PMC9218784. What the panel did not accept (metformin with contrast, nitrates with PDE5 inhibitors) is no
//! part of it. ATC codes were assigned by this project and are to be verified against WHOCC before use; a
//! code that is shorter stands for its class. Washout: US labels of MAO inhibitors and fluoxetine.

/// One pair of classes.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Its number in the list.
    pub number: i64,
    /// One class.
    pub object: &'static str,
    /// Its ATC codes.
    pub object_atc: &'static [&'static str],
    /// The other.
    pub precipitant: &'static str,
    /// Its ATC codes.
    pub precipitant_atc: &'static [&'static str],
    /// What happens.
    pub hazard: &'static str,
}

const fn pair(
    number: i64,
    (object, object_atc): (&'static str, &'static [&'static str]),
    (precipitant, precipitant_atc): (&'static str, &'static [&'static str]),
    hazard: &'static str,
) -> Pair {
    Pair { number, object, object_atc, precipitant, precipitant_atc, hazard }
}

// Isocarboxazid, phenelzine, tranylcypromine, selegiline (lower priority: it spares MAO-A) and
// procarbazine.
const MAO_INHIBITORS: &[&str] = &["N06AF01", "N06AF03", "N06AF04", "N04BD01", "L01XB01"];
const STRONG_CYP3A4_INHIBITORS: &[&str] =
    &["J02AB02", "J02AC02", "J02AC03", "J02AC04", "J01FA09", "J05AE03", "N06AX06"];
const CYP3A4_AND_PROTEASE_INHIBITORS: &[&str] =
    &["J02AB02", "J02AC02", "J02AC03", "J02AC04", "J01FA09", "J05AE", "N06AX06"];
const CYP1A2_INHIBITORS: &[&str] = &["N06AB08", "J01MA02"];
const QT_PROLONGING: &[&str] = &[
    "C01BD01", "C07AA07", "C01BD04", "C01BA01", "C01BA02", "C01BA03", "C01BD05", "N05AD01",
    "N05AD08", "N05AC02", "N05AG02", "N05AE04", "N07BC02", "P01CX01", "J01FA01", "J01MA14",
    "A03FA02",
];
const AMPHETAMINES: &[&str] = &[
    "N06BA01", "N06BA02", "N06BA03", "N06BA04", "N06BA09", "N06BA11", "N06BA12", "A08AA01",
    "R01BA02",
];
const SEROTONERGIC: &[&str] = &[
    "N06AB03", "N06AB04", "N06AB05", "N06AB06", "N06AB08", "N06AB10", "N06AX21", "N06AX06",
    "N06AX23", "N06AX17",
];
const PROTON_PUMP_INHIBITORS: &[&str] =
    &["A02BC01", "A02BC02", "A02BC03", "A02BC04", "A02BC05", "A02BC06"];
const NARCOTICS: &[&str] = &["N02AB02", "N02AX02", "N02AB03", "N07BC02", "R05DA09", "N02AX06"];
const TRICYCLICS: &[&str] = &["N06AA02", "N06AA04", "N06AA09", "N06AA10", "N06AA12"];
const CYP3A4_INDUCERS: &[&str] = &["J04AB02", "N03AF01", "N03AB02", "N03AA02", "N06AX25"];
const STATINS: &[&str] = &["C10AA01", "C10AA02", "C10AA05"];
const ERGOTS: &[&str] = &["N02CA01", "N02CA02", "G02AB01"];
const TRIPTANS: &[&str] = &["N02CC01", "N02CC03", "N02CC04", "N02CC05"];
// Selegiline at usual doses spares MAO-A, which metabolises triptans.
const MAO_A_INHIBITORS: &[&str] = &["N06AF01", "N06AF03", "N06AF04", "L01XB01"];

const MAO: (&str, &[&str]) = ("MAO inhibitors", MAO_INHIBITORS);
const CYP3A4: (&str, &[&str]) = ("CYP3A4 and protease inhibitors", CYP3A4_AND_PROTEASE_INHIBITORS);

/// The list (Phansalkar 2012, table 2).
pub const PAIRS: &[Pair] = &[
    pair(1, ("amphetamines", AMPHETAMINES), MAO, "hypertensive crisis"),
    pair(
        2,
        ("atazanavir", &["J05AE08"]),
        ("proton-pump inhibitors", PROTON_PUMP_INHIBITORS),
        "loss of antiviral exposure",
    ),
    pair(
        3,
        ("febuxostat", &["M04AA03"]),
        ("azathioprine, mercaptopurine", &["L04AX01", "L01BB02"]),
        "thiopurine toxicity",
    ),
    pair(4, ("serotonergic antidepressants", SEROTONERGIC), MAO, "serotonin syndrome"),
    pair(
        5,
        ("irinotecan", &["L01CE02"]),
        ("strong CYP3A4 inhibitors", STRONG_CYP3A4_INHIBITORS),
        "irinotecan toxicity",
    ),
    pair(6, ("narcotic analgesics", NARCOTICS), MAO, "serotonin syndrome, excitation"),
    pair(7, ("tricyclic antidepressants", TRICYCLICS), MAO, "serotonin syndrome"),
    pair(
        8,
        ("QT-prolonging", QT_PROLONGING),
        ("QT-prolonging", QT_PROLONGING),
        "torsades de pointes",
    ),
    pair(
        9,
        ("ramelteon", &["N05CH02"]),
        ("strong CYP1A2 inhibitors", CYP1A2_INHIBITORS),
        "excess sedation",
    ),
    pair(
        10,
        ("HIV protease inhibitors", &["J05AE"]),
        ("strong CYP3A4 inducers", CYP3A4_INDUCERS),
        "loss of antiviral exposure",
    ),
    pair(11, ("statins by CYP3A4", STATINS), CYP3A4, "rhabdomyolysis"),
    pair(12, ("ergot alkaloids", ERGOTS), CYP3A4, "ergotism"),
    pair(
        13,
        ("tizanidine", &["M03BX02"]),
        ("CYP1A2 inhibitors", CYP1A2_INHIBITORS),
        "hypotension, sedation",
    ),
    pair(
        14,
        ("tranylcypromine", &["N06AF04"]),
        ("procarbazine", &["L01XB01"]),
        "additive MAO inhibition",
    ),
    pair(
        15,
        ("triptans by MAO-A", TRIPTANS),
        ("MAO inhibitors", MAO_A_INHIBITORS),
        "serotonin toxicity",
    ),
];

/// The pairs that two drugs make, taken at the same time; a drug makes none with itself.
pub fn pairs_of(one: &str, other: &str) -> Vec<&'static Pair> {
    let is_in = |drug: &str, codes: &[&str]| codes.iter().any(|code| drug.starts_with(code));
    let makes = |pair: &&Pair| {
        (is_in(one, pair.object_atc) && is_in(other, pair.precipitant_atc))
            || (is_in(other, pair.object_atc) && is_in(one, pair.precipitant_atc))
    };
    PAIRS.iter().filter(|_| one != other).filter(makes).collect()
}

/// What was stopped before its opponent is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// A MAO inhibitor.
    MaoInhibitor,
    /// Fluoxetine, whose metabolite stays for weeks.
    Fluoxetine,
    /// Another serotonergic antidepressant.
    Serotonergic,
}

impl Stopped {
    /// Days that must lie between (US labels).
    pub const fn washout_days(self) -> i64 {
        match self {
            Stopped::MaoInhibitor | Stopped::Serotonergic => 14,
            Stopped::Fluoxetine => 35,
        }
    }
}

/// Whether the opponent is begun too early, so many days after.
pub const fn is_too_early(stopped: Stopped, days: i64) -> bool {
    days < stopped.washout_days()
}
