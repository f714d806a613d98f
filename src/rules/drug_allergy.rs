//! Drug allergy: whether an ordered drug is one the patient reacts to (TX-10).
//!
//! Source: Khan DA et al., J Allergy Clin Immunol 2022;150:1333-93 (drug allergy practice parameter). The
//! table of side chains and classes is this project's reading and needs a pharmacist's signature before
//! use. An intolerance is told and blocks nothing; a record that is refuted, entered in error or inactive
//! is no allergy, and neither is "no known allergy".

/// A family whose members may react with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Class {
    /// Its names.
    names: &'static [&'static str],
    /// Its members.
    drugs: &'static [&'static str],
    /// Whether it is a beta-lactam that may share more than a side chain.
    is_beta_lactam: bool,
}

// Khan 2022: the classes of antibiotics, and the analgesics that inhibit COX-1.
const CLASSES: &[Class] = &[
    Class {
        names: &["penicillin", "penicillins"],
        drugs: &[
            "amoxicillin",
            "amoxicillin-clavulanate",
            "ampicillin",
            "ampicillin-sulbactam",
            "benzylpenicillin",
            "penicillin g",
            "penicillin v",
            "phenoxymethylpenicillin",
            "cloxacillin",
            "dicloxacillin",
            "flucloxacillin",
            "nafcillin",
            "oxacillin",
            "piperacillin",
            "piperacillin-tazobactam",
            "pivmecillinam",
            "temocillin",
            "ticarcillin",
        ],
        is_beta_lactam: true,
    },
    Class {
        names: &["cephalosporin", "cephalosporins"],
        drugs: &[
            "cefaclor",
            "cefadroxil",
            "cefalexin",
            "cefazolin",
            "cefdinir",
            "cefepime",
            "cefiderocol",
            "cefixime",
            "cefotaxime",
            "cefotetan",
            "cefoxitin",
            "cefpodoxime",
            "cefprozil",
            "cefradine",
            "ceftaroline",
            "ceftazidime",
            "ceftriaxone",
            "cefuroxime",
        ],
        is_beta_lactam: true,
    },
    Class {
        names: &["carbapenem", "carbapenems"],
        drugs: &["doripenem", "ertapenem", "imipenem", "meropenem"],
        is_beta_lactam: true,
    },
    Class { names: &["monobactam"], drugs: &["aztreonam"], is_beta_lactam: false },
    Class {
        names: &["sulfonamide antibiotic", "sulfonamide", "sulfa"],
        drugs: &[
            "sulfadiazine",
            "sulfamethoxazole",
            "sulfamethoxazole-trimethoprim",
            "trimethoprim-sulfamethoxazole",
            "co-trimoxazole",
        ],
        is_beta_lactam: false,
    },
    Class {
        names: &["macrolide", "macrolides"],
        drugs: &["azithromycin", "clarithromycin", "erythromycin"],
        is_beta_lactam: false,
    },
    Class {
        names: &["fluoroquinolone", "fluoroquinolones", "quinolone"],
        drugs: &["ciprofloxacin", "levofloxacin", "moxifloxacin", "ofloxacin"],
        is_beta_lactam: false,
    },
    Class {
        names: &["nsaid", "nsaids"],
        drugs: &[
            "aspirin",
            "acetylsalicylic acid",
            "diclofenac",
            "ibuprofen",
            "indometacin",
            "ketorolac",
            "naproxen",
        ],
        is_beta_lactam: false,
    },
];

// Khan 2022, beta-lactams with an identical or similar R1 side chain.
const SIDE_CHAINS: &[&[&str]] = &[
    &["amoxicillin", "ampicillin", "cefaclor", "cefadroxil", "cefalexin", "cefprozil", "cefradine"],
    &["ceftazidime", "cefiderocol", "aztreonam"],
    &["cefotaxime", "ceftriaxone", "cefepime", "cefpodoxime"],
    &["cefuroxime", "cefoxitin"],
    &["cefdinir", "cefixime"],
];

// Names that mean the same drug, as those above are written.
const ALSO_CALLED: &[(&str, &str)] = &[
    ("cephalexin", "cefalexin"),
    ("cephradine", "cefradine"),
    ("cefazoline", "cefazolin"),
    ("amoxycillin", "amoxicillin"),
    ("co-amoxiclav", "amoxicillin-clavulanate"),
    ("indomethacin", "indometacin"),
    ("asa", "aspirin"),
];

/// What a record of an allergy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An allergy.
    Allergy,
    /// A severe reaction of the skin or of organs (SJS, TEN, DRESS): never again.
    SevereReaction,
    /// An intolerance.
    Intolerance,
    /// Refuted, entered in error, or inactive.
    NotInForce,
}

/// How near the ordered drug is to the allergen, ascending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kinship {
    Unrelated,
    /// Another beta-lactam with another side chain.
    Dissimilar,
    SharedSideChain,
    SameClass,
    Same,
}

/// What is said of an order: `none`, `info`, `warn-shared-side-chain`, `block-review`, `block`.
pub fn alert(allergen: &str, drug: &str, kind: Kind) -> &'static str {
    let kinship = kinship(&plain(allergen), &plain(drug));
    match (kind, kinship) {
        (Kind::NotInForce, _) | (_, Kinship::Unrelated) => "none",
        (Kind::SevereReaction, _) => "block",
        (Kind::Intolerance, _) | (Kind::Allergy, Kinship::Dissimilar) => "info",
        (Kind::Allergy, Kinship::SharedSideChain) => "warn-shared-side-chain",
        (Kind::Allergy, Kinship::SameClass | Kinship::Same) => "block-review",
    }
}

fn plain(name: &str) -> String {
    let name = name.trim().to_lowercase();
    let also = ALSO_CALLED.iter().find(|(word, _)| *word == name);
    also.map_or(name, |(_, drug)| (*drug).to_owned())
}

fn kinship(allergen: &str, drug: &str) -> Kinship {
    if allergen == drug {
        return Kinship::Same;
    }
    let class_of = |name: &str| {
        CLASSES.iter().find(|class| class.names.contains(&name) || class.drugs.contains(&name))
    };
    let shares = |one: &str, other: &str| {
        SIDE_CHAINS.iter().any(|chain| has_ingredient(chain, one) && has_ingredient(chain, other))
    };
    let (one, other) = (class_of(allergen), class_of(drug));
    // A label of a class is met by its members; members of one class meet each other as penicillins do,
    // while cephalosporins differ by their side chains.
    let is_same_class = one.is_some() && one == other;
    let is_by_side_chain = one.is_some_and(|class| {
        class.names.contains(&"cephalosporin") && !class.names.contains(&allergen)
    });
    if is_same_class && !is_by_side_chain {
        return Kinship::SameClass;
    }
    if shares(allergen, drug) {
        return Kinship::SharedSideChain;
    }
    let are_beta_lactams =
        one.zip(other).is_some_and(|(one, other)| one.is_beta_lactam && other.is_beta_lactam);
    if are_beta_lactams { Kinship::Dissimilar } else { Kinship::Unrelated }
}

/// Whether a drug, or what stands before the dash of a combination, is in a list.
fn has_ingredient(list: &[&str], drug: &str) -> bool {
    list.contains(&drug) || drug.split('-').any(|ingredient| list.contains(&ingredient))
}
