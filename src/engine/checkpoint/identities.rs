//! Which identities are one person, in a part.

use std::collections::BTreeMap;

use crate::domain::linkage::{Period, Serial};
use crate::engine::checkpoint::bytes::{In, Out, Torn};
use crate::engine::checkpoint::tables::time;
use crate::twin::identities::{ClaimState, Dispute, Identities, Link, LinkSpan, Received};

/// Writes them. Which namespaces are provisional is said by the definitions.
pub fn write_identities(out: &mut Out, identities: &Identities) {
    let Identities { claims, links, claimed, received, disputed, spans, provisional: _ } =
        identities;
    out.list(claims.iter(), |out, ((name, by), claim)| {
        out.text(name);
        out.text(by);
        write_serial(out, claim.serial);
        write_periods(out, &claim.periods);
    });
    out.list(links.iter(), |out, ((patient, to), link)| {
        out.u32(*patient);
        out.text(to);
        write_serial(out, link.serial);
        write_periods(out, &link.periods);
    });
    out.list(claimed.iter(), |out, (patient, claims)| {
        out.u32(*patient);
        out.list(claims.iter(), |out, (name, periods)| {
            out.text(name);
            write_periods(out, periods);
        });
    });
    out.list(received.iter(), |out, ((patient, origin), received)| {
        out.u32(*patient);
        out.text(origin);
        write_serial(out, received.link);
        write_serial(out, received.serial);
        out.u8(received.hops);
        out.u8(u8::from(received.stands));
    });
    out.list(disputed.iter(), |out, (patient, why)| {
        out.u32(*patient);
        let number = Dispute::ALL.iter().position(|one| one == why);
        out.u8(number.and_then(|number| u8::try_from(number).ok()).unwrap_or(u8::MAX));
    });
    let spans =
        spans.iter().flat_map(|(patient, all)| all.iter().map(move |span| (*patient, span)));
    let spans: Vec<(u32, &LinkSpan)> = spans.collect();
    out.list(spans.into_iter(), |out, (patient, span)| {
        out.u32(patient);
        out.text(&span.to);
        [span.period.start, span.period.end, span.known_from, span.known_to]
            .into_iter()
            .for_each(|at| out.i64(at.micros()));
    });
}

fn write_serial(out: &mut Out, serial: Serial) {
    out.u64(serial.offset);
    out.u32(serial.index);
    out.u32(serial.part);
}

fn write_periods(out: &mut Out, periods: &[Period]) {
    out.list(periods.iter(), |out, period| {
        out.i64(period.start.micros());
        out.i64(period.end.micros());
    });
}

fn read_serial(part: &mut In<'_>) -> Result<Serial, Torn> {
    Ok(Serial { offset: part.u64()?, index: part.u32()?, part: part.u32()? })
}

fn read_periods(part: &mut In<'_>) -> Result<Vec<Period>, Torn> {
    part.list(|part| Ok(Period { start: time(part)?, end: time(part)? }))
}

/// Reads them.
///
/// # Errors
/// If the part ends before, or says what this version does not know.
pub fn read_identities(part: &mut In<'_>) -> Result<Identities, Torn> {
    let claims = part.list(|part| {
        let place = (part.text()?.to_owned(), part.text()?.to_owned());
        Ok((place, ClaimState { serial: read_serial(part)?, periods: read_periods(part)? }))
    })?;
    let links = part.list(|part| {
        let place = (part.u32()?, part.text()?.to_owned());
        Ok((place, Link { serial: read_serial(part)?, periods: read_periods(part)? }))
    })?;
    let claimed = part.list(|part| {
        let patient = part.u32()?;
        Ok((patient, part.list(|part| Ok((part.text()?.to_owned(), read_periods(part)?)))?))
    })?;
    let received = part.list(|part| {
        let place = (part.u32()?, part.text()?.to_owned());
        let (link, serial) = (read_serial(part)?, read_serial(part)?);
        Ok((place, Received { link, serial, hops: part.u8()?, stands: part.u8()? != 0 }))
    })?;
    let disputed = part.list(|part| {
        let (patient, why) = (part.u32()?, usize::from(part.u8()?));
        Ok((patient, *Dispute::ALL.get(why).ok_or(Torn)?))
    })?;
    let all = part.list(|part| {
        let (patient, to) = (part.u32()?, part.text()?.into());
        let period = Period { start: time(part)?, end: time(part)? };
        Ok((patient, LinkSpan { to, period, known_from: time(part)?, known_to: time(part)? }))
    })?;
    let mut spans: BTreeMap<u32, Vec<LinkSpan>> = BTreeMap::new();
    all.into_iter().for_each(|(patient, span)| spans.entry(patient).or_default().push(span));
    Ok(Identities {
        claims: claims.into_iter().collect(),
        links: links.into_iter().collect(),
        claimed: claimed.into_iter().collect::<BTreeMap<_, _>>(),
        received: received.into_iter().collect(),
        disputed: disputed.into_iter().collect(),
        spans,
        ..Identities::default()
    })
}
