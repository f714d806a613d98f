//! How records of files are read, as the command line says it.

use anyhow::{Result, bail};
use clap::Args;

use twinstream::domain::fact::Origin;
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
    /// Where a record says whose it is: subject, key, or a JSON pointer.
    #[arg(long, default_value = "subject", value_name = "subject|key|/POINTER")]
    pub patient_from: String,
}

impl SourceArgs {
    /// The source they describe.
    pub fn source(&self, name: &str, site: &Site) -> Result<SourceSpec> {
        let (format, origin) = match self.format {
            FormatArg::Fhir => (Format::Fhir, Origin::Clinical),
            FormatArg::OpenMhealth => (Format::OpenMhealth, Origin::ConsumerDevice),
            FormatArg::DicomJson => (Format::DicomJson, Origin::Clinical),
        };
        let Some(patient_from) = PatientFrom::read(&self.patient_from) else {
            bail!(
                "--patient-from {}: expected subject, key or a JSON pointer such as /user",
                self.patient_from
            )
        };
        let (namespace, zone) = (self.namespace.clone(), site.zone);
        Ok(SourceSpec { name: name.to_owned(), format, namespace, patient_from, origin, zone })
    }
}
