//! One record of a schema at a time, its fields as text.

use arrow::array::{Array, RecordBatch};
use arrow::util::display::array_value_to_string;
use arrow_avro::reader::{Decoder, ReaderBuilder};
use arrow_avro::schema::{AvroSchema, Fingerprint, FingerprintAlgorithm, SchemaStore};
use serde::Deserialize;

/// Reads the records of one schema.
#[derive(Debug)]
pub struct Reader {
    /// The full name of the record.
    name: String,
    id: u32,
    store: SchemaStore,
    /// `None` after a record that could not be read: what is left of that must not begin the next.
    decoder: Option<Decoder>,
}

#[derive(Deserialize)]
struct NameJson {
    #[serde(default)]
    namespace: String,
    name: String,
}

impl Reader {
    /// Of a schema, as JSON.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(id: u32, schema: &str) -> Result<Reader, String> {
        let name: NameJson =
            serde_json::from_str(schema).map_err(|_| "expected a record with a name".to_owned())?;
        let name = match name {
            NameJson { name, namespace } if namespace.is_empty() || name.contains('.') => name,
            NameJson { name, namespace } => format!("{namespace}.{name}"),
        };
        let mut store = SchemaStore::new_with_type(FingerprintAlgorithm::Id);
        let schema = AvroSchema::new(schema.to_owned());
        store.set(Fingerprint::Id(id), schema).map_err(|error| error.to_string())?;
        let mut reader = Reader { name, id, store, decoder: None };
        reader.decoder = Some(reader.make()?);
        Ok(reader)
    }

    /// The full name of its record: `org.radarcns.push.garmin.GarminPulseOx`.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn make(&self) -> Result<Decoder, String> {
        let builder = ReaderBuilder::new().with_batch_size(1);
        let builder = builder.with_writer_schema_store(self.store.clone());
        let builder = builder.with_active_fingerprint(Fingerprint::Id(self.id));
        builder.build_decoder().map_err(|error| error.to_string())
    }

    /// Reads a record with its frame, to its last byte.
    ///
    /// # Errors
    /// If the bytes are not of the schema.
    pub fn read(&mut self, framed: &[u8]) -> Result<Row, String> {
        let mut decoder = match self.decoder.take() {
            Some(decoder) => decoder,
            None => self.make()?,
        };
        let n_read = decoder.decode(framed).map_err(|error| error.to_string())?;
        if n_read != framed.len() {
            return Err(format!("{n_read} of {} bytes are a record", framed.len()));
        }
        let batch = decoder.flush().map_err(|error| error.to_string())?;
        let batch = batch.filter(|batch| batch.num_rows() == 1);
        let batch = batch.ok_or_else(|| "the bytes end within the record".to_owned())?;
        self.decoder = Some(decoder);
        Ok(Row(batch))
    }
}

/// A record.
#[derive(Debug)]
pub struct Row(RecordBatch);

impl Row {
    /// The text of a field: a number as it is written in JSON, a symbol by its name. `None` for null, and for a
    /// field that the schema does not have.
    pub fn text(&self, field: &str) -> Option<String> {
        let column = self.0.column_by_name(field)?;
        if column.is_null(0) {
            return None;
        }
        array_value_to_string(column, 0).ok()
    }
}
