//! Times as people read them: the clock's, and how long ago.

use crate::domain::time::Timestamp;

/// `13:05`, in UTC.
pub fn clock(at: Timestamp) -> String {
    at.to_string().get(11..16).unwrap_or_default().to_owned()
}

/// `24 Nov 2026`, in UTC.
pub fn day(at: Timestamp) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = at.to_string();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let month = part(5, 7).parse::<usize>().ok().and_then(|month| month.checked_sub(1));
    let month = month.and_then(|month| MONTHS.get(month)).copied().unwrap_or_default();
    format!("{} {month} {}", part(8, 10).trim_start_matches('0'), part(0, 4))
}

/// `now`, `12 min`, `3 h`, `5 d`: how long before `now` it was.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let minutes = now.since(at).micros() / 60_000_000;
    match minutes {
        ..1 => "now".to_owned(),
        1..120 => format!("{minutes} min"),
        120..2_880 => format!("{} h", minutes / 60),
        2_880..1_051_200 => format!("{} d", minutes / 1_440),
        _ => format!("{} y", minutes / 525_960),
    }
}

/// `13:05 · 12 min ago`, with the day where it is another.
pub fn both(at: Timestamp, now: Timestamp) -> String {
    let ago = ago(at, now);
    let ago = if ago == "now" { ago } else { format!("{ago} ago") };
    match day(at) == day(now) {
        true => format!("{} · {ago}", clock(at)),
        false => format!("{} {} · {ago}", day(at), clock(at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Span;

    #[test]
    fn times_are_read_at_a_glance() {
        let at = Timestamp::from_micros(1_795_525_500_000_000);
        assert_eq!((clock(at), day(at)), ("13:05".to_owned(), "24 Nov 2026".to_owned()));
        let later = |minutes| at.plus(Span::from_minutes(minutes));
        for (minutes, expected) in
            [(0, "now"), (59, "59 min"), (119, "119 min"), (120, "2 h"), (2_880, "2 d")]
        {
            assert_eq!(ago(at, later(minutes)), expected);
        }
        assert_eq!(both(at, later(12)), "13:05 · 12 min ago");
        assert_eq!(both(at, later(2_880)), "24 Nov 2026 13:05 · 2 d ago");
    }
}
