//! What tables hold, in words for people.

/// `respiratory_rate=3, pulse=0, spo2=2` as `respiratory rate +3, spo2 +2`: what counts.
pub fn points(text: &str) -> String {
    let parts = text.split(", ").filter_map(|part| part.rsplit_once('='));
    let counting = parts.filter(|(_, points)| *points != "0");
    let texts = counting.map(|(name, points)| format!("{} +{points}", spaced(name)));
    texts.collect::<Vec<_>>().join(", ")
}

/// Why something was not said, in words.
pub fn withheld(reason: &str) -> &str {
    match reason {
        "setting" => "no stay in hospital or emergency is open",
        "silent-state" => "comfort care, or another state in which it is silent",
        "lockout" => "the same was said a short while ago",
        other => other,
    }
}

/// `systolic, heart_rate` as `systolic, heart rate`.
pub fn spaced(text: &str) -> String {
    text.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_counts_is_named() {
        assert_eq!(points("respiratory_rate=3, pulse=0, spo2=2"), "respiratory rate +3, spo2 +2");
        assert_eq!(points("pulse=0"), "");
        assert_eq!(points(""), "");
    }
}
