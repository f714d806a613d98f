//! The field numbers of `schemas/twin.events.v1.proto`, the contract of the log.
//!
//! A number is never used again for something else; a reader skips numbers it does not know.

macro_rules! messages {
    ($($message:ident { $($field:ident = $number:literal;)* })*) => {
        $(
            #[doc = concat!("Field numbers of `", stringify!($message), "`.")]
            #[expect(missing_docs, reason = "the .proto file says what each field holds")]
            pub mod $message {
                $(pub const $field: u32 = $number;)*
            }
        )*

        /// Every field as (message, field, number), for the test against the `.proto` file.
        #[cfg(test)]
        const FIELDS: &[(&str, &str, u32)] =
            &[$($((stringify!($message), stringify!($field), $number),)*)*];
    };
}

messages! {
    frame { FORMAT = 1; TEXT = 2; EVENT = 3; }
    event {
        TOPIC = 1; PARTITION = 2; OFFSET = 3; AVAILABLE_AT = 4; NAMESPACE = 5; PATIENT = 6;
        DIRECTORY = 7; RESOURCE = 8; OPENED = 9; TICK = 10; DEFINITION = 11;
        RESPONSE = 12; CLAIM = 13; TRANSFER = 14; PROMOTION = 15;
    }
    resource {
        KIND = 1; ID = 2; REVISED_AT = 3; VERSION_ID = 4; STATUS = 5; RECORDED_AT = 6; CONTENT = 7;
        FACT = 8;
    }
    fact {
        START = 1; END = 2; DATE = 3; OFFSET_MINUTES = 4; SAMPLE = 5; STATEMENT = 6; LINK = 7;
        ZONE_MINUTES = 8;
    }
    sample {
        SIGNAL = 1; VALUE = 2; COMPARATOR = 3; ORIGIN = 4; STATISTIC = 5; DEVICE = 6; SYSTEM = 7;
        CODE = 8; RAW_VALUE = 9; RAW_UNIT = 10; UNUSABLE = 11;
    }
    statement {
        STANDING = 1; ACTIVITY = 2; STATUS = 3; CODE = 4; TEXT = 5; ATTRIBUTE = 6;
    }
    coding { SYSTEM = 1; CODE = 2; DISPLAY = 3; }
    attribute { NAME = 1; TEXT = 2; }
    opened { N_PARTITIONS = 1; RECORDED = 2; }
    tick { AT = 1; }
    definition { KIND = 1; NAME = 2; TEXT = 3; }
    response { EFFECT = 1; ACTION = 2; UNTIL = 3; BY = 4; ROLE = 5; WHY = 6; AT = 7; }
    promotion {
        PIPELINE = 1; TO = 2; BY = 3; ROLE = 4; PHARMACIST = 5; WHY = 6; HASH = 7; AT = 8;
    }
    serial { OFFSET = 1; INDEX = 2; PART = 3; }
    period { START = 1; END = 2; }
    claim { NAMESPACE = 1; PATIENT = 2; SERIAL = 3; PERIOD = 4; }
    moved { KEY = 1; TOPIC = 2; PARTITION = 3; OFFSET = 4; RESOURCE = 5; }
    transfer {
        NAMESPACE = 1; PATIENT = 2; LINK = 3; SERIAL = 4; HOPS = 5; STAGE = 6; EFFECTS = 7; RETURNED = 8;
        KEY = 9; MOVED = 10;
    }
}

/// The greatest format that this build writes. A reader refuses a greater one.
pub const FORMAT: u64 = 3;
/// The format of frames in which no pipeline is promoted: versions before there were states read it.
pub const FORMAT_2: u64 = 2;
/// The format of frames in which nothing is claimed and nothing moves between twins: older versions read it.
pub const FORMAT_1: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    /// Every `name = number;` of the schema file, under its message.
    fn fields_of(proto: &str) -> Vec<(String, String, u32)> {
        let mut message = String::new();
        let mut fields = Vec::new();
        for line in proto.lines().map(|line| line.split("//").next().unwrap().trim()) {
            if let Some(name) = line.strip_prefix("message ") {
                message = name.trim_end_matches(" {").to_lowercase();
            } else if let Some((left, number)) = line.trim_end_matches(';').split_once(" = ") {
                let name = left.rsplit(' ').next().unwrap().to_uppercase();
                if let (false, Ok(number)) = (message.is_empty(), number.parse()) {
                    fields.push((message.clone(), name, number));
                }
            }
        }
        fields
    }

    #[test]
    fn the_published_schema_has_the_same_numbers() {
        let proto = include_str!("../../schemas/twin.events.v1.proto");
        let ours: Vec<_> =
            FIELDS.iter().map(|(m, f, n)| (m.to_string(), f.to_string(), *n)).collect();
        assert_eq!(fields_of(proto), ours);
    }
}
