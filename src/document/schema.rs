//! `docs/result.schema.json` is the [`Document`](super::Document) and nothing else.
//!
//! The schema is made from the types and their comments, here and only here, so that the program itself
//! carries nothing of it. After a change to the document: `UPDATE_SCHEMA=1 cargo test schema`.

use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

use super::{CrowdsResult, DoctorResult, Document, LabResult, Measurement, SimulationResult};

/// What `--format json` prints.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is wanted")]
enum Result {
    /// Of a measuring command.
    Run(Box<Document<Measurement>>),
    /// Of `lab`.
    Lab(Document<LabResult>),
    /// Of `doctor`.
    Doctor(Box<Document<DoctorResult>>),
    /// Of `refresh --simulate`.
    Simulation(Document<SimulationResult>),
    /// Of `cloudmap --simulate`.
    Crowds(Document<CrowdsResult>),
}

fn generated() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Result>();
    schema.insert("title".to_owned(), "Result of awscreds-bench".into());
    schema
}

#[test]
fn the_schema_in_the_docs_is_that_of_the_document() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/result.schema.json");
    let mut text = serde_json::to_string_pretty(&generated()).expect("a schema is JSON");
    text.push('\n');
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &text).expect("docs are writable");
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == text,
        "the document has changed: run `UPDATE_SCHEMA=1 cargo test schema` and look at the difference"
    );
}

#[test]
fn the_schema_explains_every_part_that_the_document_explains() {
    let schema = serde_json::to_value(generated()).expect("a schema is JSON");
    let about = &schema["$defs"]["Arm"]["properties"]["phases"]["description"];
    assert!(
        about
            .as_str()
            .is_some_and(|text| text.contains("Successful calls only")),
        "{about}"
    );
}
