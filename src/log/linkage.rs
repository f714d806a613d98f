//! Claims and transfers in a frame: how twins of one person are told of each other.

use std::borrow::Cow;

use crate::domain::event::Resource;
use crate::domain::identity::{SourcePosition, TwinId};
use crate::domain::linkage::{Claim, Moved, Moving, Period, Serial, Stage, Transfer};
use crate::log::decode::{Texts as ReadTexts, read_resource, read_words, time};
use crate::log::encode::{Texts, number_in, write_resource_as, write_time};
use crate::log::schema::{claim, moved, period, serial, transfer};
use crate::log::wire::{Malformed, Reader, Writer};

pub(super) fn write_claim(w: &mut Writer, value: &Claim<'_>) {
    w.text(claim::NAMESPACE, &value.by.namespace);
    w.text(claim::PATIENT, &value.by.patient);
    w.message(claim::SERIAL, |w| write_serial(w, value.serial));
    for Period { start, end } in &value.periods {
        w.message(claim::PERIOD, |w| {
            write_time(w, period::START, *start);
            write_time(w, period::END, *end);
        });
    }
}

fn write_serial(w: &mut Writer, value: Serial) {
    w.unsigned(serial::OFFSET, value.offset);
    w.unsigned(serial::INDEX, u64::from(value.index));
    w.unsigned(serial::PART, u64::from(value.part));
}

pub(super) fn write_transfer(w: &mut Writer, texts: &mut Texts, value: &Transfer<'_>) {
    w.text(transfer::NAMESPACE, &value.origin.namespace);
    w.text(transfer::PATIENT, &value.origin.patient);
    w.message(transfer::LINK, |w| write_serial(w, value.link));
    w.message(transfer::SERIAL, |w| write_serial(w, value.serial));
    w.unsigned(transfer::HOPS, u64::from(value.hops));
    let (Moving::Facts { stage, .. } | Moving::Return { stage, .. }) = &value.body;
    w.unsigned(transfer::STAGE, number_in(&Stage::ALL, stage));
    match &value.body {
        Moving::Facts { moved, effects, .. } => {
            if !effects.is_empty() {
                w.delimited(transfer::EFFECTS, effects);
            }
            for value in moved {
                w.message(transfer::MOVED, |w| write_moved(w, texts, value));
            }
        }
        Moving::Return { keys, .. } => {
            w.unsigned(transfer::RETURNED, 1);
            let words: Vec<u8> = keys.iter().flat_map(|key| key.to_le_bytes()).collect();
            w.delimited(transfer::KEY, &words);
        }
    }
}

fn write_moved(w: &mut Writer, texts: &mut Texts, value: &Moved<'_>) {
    w.fixed(moved::KEY, value.key);
    w.unsigned(moved::TOPIC, texts.number(&value.source.topic));
    w.signed(moved::PARTITION, i64::from(value.source.partition));
    w.signed(moved::OFFSET, value.source.offset);
    // Its content is what its origin had, so that the same version is the same wherever it comes from.
    let resource = &value.resource;
    w.message(moved::RESOURCE, |w| write_resource_as(w, texts, resource, resource.content));
}

pub(super) fn read_claim(bytes: &[u8]) -> Result<Claim<'_>, Malformed> {
    let (mut namespace, mut patient, mut said) = ("", "", Serial::default());
    let mut periods = Vec::new();
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            claim::NAMESPACE => namespace = field.text()?,
            claim::PATIENT => patient = field.text()?,
            claim::SERIAL => said = read_serial(field.bytes()?)?,
            claim::PERIOD => periods.push(read_period(field.bytes()?)?),
            _ => {}
        }
    }
    Ok(Claim { by: TwinId::new(namespace, patient), serial: said, periods })
}

fn read_serial(bytes: &[u8]) -> Result<Serial, Malformed> {
    let mut value = Serial::default();
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            serial::OFFSET => value.offset = field.unsigned()?,
            serial::INDEX => value.index = field.small()?,
            serial::PART => value.part = field.small()?,
            _ => {}
        }
    }
    Ok(value)
}

fn read_period(bytes: &[u8]) -> Result<Period, Malformed> {
    let (mut start, mut end) = (None, None);
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            period::START => start = Some(time(field)?),
            period::END => end = Some(time(field)?),
            _ => {}
        }
    }
    Ok(Period { start: start.ok_or(Malformed)?, end: end.ok_or(Malformed)? })
}

pub(super) fn read_transfer<'a>(
    bytes: &'a [u8],
    texts: &ReadTexts<'_, 'a>,
) -> Result<Transfer<'a>, Malformed> {
    let (mut namespace, mut patient, mut hops) = ("", "", 0);
    let (mut link, mut said, mut stage) = (Serial::default(), Serial::default(), Stage::Alone);
    let (mut effects, mut is_returned) = (Cow::Borrowed(&[][..]), false);
    let (mut keys, mut facts) = (Vec::new(), Vec::new());
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            transfer::NAMESPACE => namespace = field.text()?,
            transfer::PATIENT => patient = field.text()?,
            transfer::LINK => link = read_serial(field.bytes()?)?,
            transfer::SERIAL => said = read_serial(field.bytes()?)?,
            transfer::HOPS => hops = u8::try_from(field.unsigned()?).map_err(|_| Malformed)?,
            transfer::STAGE => {
                let number = usize::try_from(field.unsigned()?).map_err(|_| Malformed)?;
                stage = *Stage::ALL.get(number).ok_or(Malformed)?;
            }
            transfer::EFFECTS => effects = Cow::Borrowed(field.bytes()?),
            transfer::RETURNED => is_returned = field.unsigned()? != 0,
            transfer::KEY => keys = read_words(field.bytes()?)?,
            transfer::MOVED => facts.push(read_moved(field.bytes()?, texts)?),
            _ => {}
        }
    }
    let body = match is_returned {
        true => Moving::Return { keys, stage },
        false => Moving::Facts { moved: facts, effects, stage },
    };
    let origin = TwinId::new(namespace, patient);
    Ok(Transfer { origin, link, serial: said, hops, body })
}

fn read_moved<'a>(bytes: &'a [u8], texts: &ReadTexts<'_, 'a>) -> Result<Moved<'a>, Malformed> {
    let (mut key, mut resource) = (None, None::<Resource<'a>>);
    let mut source = SourcePosition::new("", 0, 0);
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            moved::KEY => key = Some(field.word()?),
            moved::TOPIC => source.topic = texts.at(field)?,
            moved::PARTITION => {
                source.partition = i32::try_from(field.signed()?).map_err(|_| Malformed)?;
            }
            moved::OFFSET => source.offset = field.signed()?,
            moved::RESOURCE => resource = Some(read_resource(field.bytes()?, texts)?),
            _ => {}
        }
    }
    Ok(Moved { key: key.ok_or(Malformed)?, source, resource: resource.ok_or(Malformed)? })
}
