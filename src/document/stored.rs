//! Documents read back from where an earlier run wrote them, and what can be wrong with such a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

use super::body::{Body, Document, SCHEMA};

/// The name that stands for standard input.
pub const STDIN: &str = "-";

/// A document of a run is a thousandth of this.
const LARGEST: u64 = 256 << 20;

/// Why a file is not a result document that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("it cannot be read")]
    Unreadable(#[from] io::Error),
    #[error("it is a directory")]
    Directory,
    #[error("it is empty")]
    Empty,
    #[error("it is larger than {} MiB", LARGEST >> 20)]
    TooLarge,
    #[error("it ends too early: it was cut off at line {line}, column {column}")]
    Truncated { line: usize, column: usize },
    #[error("it is not JSON")]
    NotJson(#[source] serde_json::Error),
    #[error("it is JSON, but not a document of this program: it has no `schema`")]
    NoSchema,
    #[error("its schema is `{0}`, which is not this program's")]
    OtherSchema(String),
    #[error("its schema is `{0}`; this version reads `{SCHEMA}`")]
    NewerSchema(String),
    #[error("it does not hold what its schema says")]
    Malformed(#[source] serde_json::Error),
}

impl ReadError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "check the path and that this user may read it",
            Self::Directory => {
                "name the file in it that a run wrote with --format json --output FILE"
            }
            Self::Empty => "was the run that should have written it ended early? Run it again",
            Self::Truncated { .. } => {
                "copy it again, or run the measurement again: no part of it can be trusted"
            }
            Self::TooLarge | Self::NotJson(_) | Self::NoSchema | Self::OtherSchema(_) => {
                "only what a run wrote with --format json can be read back"
            }
            Self::NewerSchema(_) => {
                "read it with the version that wrote it, or upgrade awscreds-bench"
            }
            Self::Malformed(_) => "it was changed after it was written: run the measurement again",
        }
    }
}

/// What is looked at before the rest is believed: the schema, and the fields that only one kind of body has.
#[derive(Deserialize)]
struct Outline {
    schema: Option<String>,
    links: Option<IgnoredAny>,
    strategies: Option<IgnoredAny>,
    crowds: Option<IgnoredAny>,
    requests: Option<IgnoredAny>,
}

/// Reads a document from a file, or from standard input where the path is [`STDIN`].
///
/// # Errors
///
/// If the file cannot be read, or does not hold a whole document of this schema.
pub fn read(path: &Path) -> Result<Document, ReadError> {
    let bytes = if path.as_os_str() == STDIN {
        limited(io::stdin().lock())?
    } else if path.is_dir() {
        return Err(ReadError::Directory);
    } else {
        limited(File::open(path)?)?
    };
    parse(&bytes)
}

fn limited(input: impl Read) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    input.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(ReadError::TooLarge);
    }
    Ok(bytes)
}

fn parse(bytes: &[u8]) -> Result<Document, ReadError> {
    if bytes.trim_ascii().is_empty() {
        return Err(ReadError::Empty);
    }
    let outline: Outline = serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            Category::Eof => ReadError::Truncated { line, column },
            // A number cut at its decimal point.
            Category::Syntax if bytes.starts_with(b"{") && is_end(bytes, line, column) => {
                ReadError::Truncated { line, column }
            }
            Category::Data => ReadError::NoSchema,
            Category::Syntax | Category::Io => ReadError::NotJson(error),
        }
    })?;
    let schema = outline.schema.ok_or(ReadError::NoSchema)?;
    if schema != SCHEMA {
        let number = |schema: &str| {
            let (name, number) = schema.split_once('/')?;
            Some((name.to_owned(), number.parse::<u64>().ok()?))
        };
        return Err(match (number(&schema), number(SCHEMA)) {
            (Some((name, found)), Some((ours, known))) if name == ours && found > known => {
                ReadError::NewerSchema(schema)
            }
            _ => ReadError::OtherSchema(schema),
        });
    }
    if outline.links.is_some() {
        read_as(bytes, Body::Doctor)
    } else if outline.strategies.is_some() {
        read_as(bytes, Body::Simulated)
    } else if outline.crowds.is_some() {
        read_as(bytes, Body::Crowds)
    } else if outline.requests.is_some() {
        read_as(bytes, Body::Lab)
    } else {
        read_as(bytes, Body::Measured)
    }
}

fn read_as<B: DeserializeOwned>(bytes: &[u8], kind: fn(B) -> Body) -> Result<Document, ReadError> {
    let Document { head, body } = serde_json::from_slice(bytes).map_err(ReadError::Malformed)?;
    Ok(Document::new(head, kind(body)))
}

fn is_end(bytes: &[u8], line: usize, column: usize) -> bool {
    let mut lines = bytes.split(|&byte| byte == b'\n');
    lines
        .nth(line.saturating_sub(1))
        .is_some_and(|last| column >= last.len())
        && lines.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::fixtures;

    fn text() -> String {
        serde_json::to_string_pretty(&fixtures::sts()).expect("serializes")
    }

    #[test]
    fn what_was_written_is_read_back() {
        let Document { head, body } = fixtures::sts();
        let read = parse(text().as_bytes()).expect("reads");
        assert_eq!(read, Document::new(head, body));
    }

    #[test]
    fn a_document_cut_anywhere_is_an_error() {
        let text = text();
        for end in (0..text.len() - 1).step_by(97) {
            let error = parse(&text.as_bytes()[..end]).expect_err("cut off");
            assert!(
                matches!(error, ReadError::Empty | ReadError::Truncated { .. }),
                "at {end}: {error:?}"
            );
        }
    }

    #[test]
    fn other_documents_are_told_apart() {
        let schema = |schema: &str| text().replace("awscreds-bench/1", schema);
        for (document, error) in [
            (schema("awscreds-bench/2"), "NewerSchema"),
            (schema("awscreds-bench/new"), "OtherSchema"),
            (schema("k6/7"), "OtherSchema"),
            (text().replace("\"schema\"", "\"scheme\""), "NoSchema"),
            (text().replace("\"arms\"", "\"legs\""), "Malformed"),
            ("[1, 2]".to_owned(), "NoSchema"),
            (" \n".to_owned(), "Empty"),
        ] {
            let found = format!("{:?}", parse(document.as_bytes()).expect_err("refused"));
            assert!(found.starts_with(error), "{error}: {found}");
        }
        assert!(matches!(
            parse(b"\xff\xfe\x00noise"),
            Err(ReadError::NotJson(_))
        ));
    }
}
