//! How records of files are read, as the command line says it.

use anyhow::{Result, bail};
use clap::Args;

use twinstream::domain::fact::Origin;
use twinstream::domain::zone::Zone;
use twinstream::ingest::site::Site;
use twinstream::ingest::source::{Format, PatientFrom, SourceSpec};

use crate::cli::args::FormatArg;

/// The format of records, and whose they are.
#[derive(Debug, Args)]
pub struct SourceArgs {
    /// The format of the records.
    #[arg(long, value_enum, default_value_t = FormatArg::Fhir)]
    pub format: FormatArg,
    /// The namespace of their patient identifiers.
    #[arg(long, default_value = "local")]
    pub namespace: String,
    /// Where a record says whose it is: subject, key, a JSON pointer, or who assigned the identifier (HL7 v2).
    #[arg(long, default_value = "subject", value_name = "subject|key|/POINTER|authority:NAME")]
    pub patient_from: String,
    /// The zone of dates, and of times without an offset; the site's if left out.
    #[arg(long, value_name = "IANA ZONE")]
    pub timezone: Option<String>,
}

impl SourceArgs {
    /// The source they describe.
    pub fn source(&self, name: &str, site: &Site) -> Result<SourceSpec> {
        let (format, origin) = match self.format {
            FormatArg::Fhir => (Format::Fhir, Origin::Clinical),
            FormatArg::OpenMhealth => (Format::OpenMhealth, Origin::ConsumerDevice),
            FormatArg::DicomJson => (Format::DicomJson, Origin::Clinical),
            FormatArg::Hl7v2 => (Format::Hl7v2, Origin::Clinical),
        };
        let patient_from = PatientFrom::read(&self.patient_from);
        let expected = match &patient_from {
            Some(from) => format.misfit(from),
            None => Some("subject, key, authority:NAME or a JSON pointer such as /user"),
        };
        let (Some(patient_from), None) = (patient_from, expected) else {
            bail!("--patient-from {}: expected {}", self.patient_from, expected.unwrap_or_default())
        };
        let zone = match &self.timezone {
            None => site.zone,
            Some(name) => match Zone::named(name) {
                Some(zone) => zone,
                None => bail!("--timezone {name}: expected an IANA zone such as Europe/London"),
            },
        };
        let namespace = self.namespace.clone();
        Ok(SourceSpec {
            name: name.to_owned(),
            format,
            namespace,
            patient_from,
            origin,
            zone,
            schemas: None,
        })
    }
}
