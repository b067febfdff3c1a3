//! A TOML table that is read field by field and knows where each field stands in the file.
//!
//! serde's derived errors name neither the path of a field nor its nearest neighbour, and a person
//! with a misspelt scenario needs both.

use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ScenarioError, nearest};

/// The file as a whole: its name and its text, for line numbers and quotations.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) origin: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    pub(super) fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().iter().take(offset);
        before.filter(|byte| **byte == b'\n').count() + 1
    }
}

/// One value, with the path that leads to it.
pub(super) struct Field<'a, 'i> {
    source: Source<'a>,
    pub(super) path: String,
    value: &'a Spanned<DeValue<'i>>,
}

impl<'a, 'i> Field<'a, 'i> {
    pub(super) fn bad(&self, expected: &str) -> ScenarioError {
        let written = self.source.text.get(self.value.span()).unwrap_or_default();
        let written = match self.value.get_ref() {
            // The span of a [table] is its heading.
            DeValue::Table(_) if !written.starts_with('{') => "a table",
            _ => written,
        };
        ScenarioError::BadValue {
            origin: self.source.origin.to_owned(),
            line: self.source.line(self.value.span().start),
            field: self.path.clone(),
            value: written.to_owned(),
            expected: expected.to_owned(),
        }
    }

    pub(super) fn is_table(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::Table(_))
    }

    pub(super) fn table(&self) -> Result<Table<'a, 'i>, ScenarioError> {
        match self.value.get_ref() {
            DeValue::Table(table) => Ok(Table::new(self.source, self.path.clone(), table)),
            _ => Err(self.bad("it is a table of fields")),
        }
    }

    pub(super) fn text(&self, expected: &str) -> Result<&'a str, ScenarioError> {
        match self.value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => Err(self.bad(expected)),
        }
    }

    pub(super) fn duration(&self) -> Result<Duration, ScenarioError> {
        let expected = "a duration is a number with a unit, such as \"600us\", \"20ms\", \"1s\" \
                        or \"1h 30m\"";
        let text = self.text(expected)?;
        let duration = humantime::parse_duration(text.trim()).map_err(|_| self.bad(expected))?;
        if duration > Duration::from_hours(8784) {
            return Err(self.bad("a duration is at most a year"));
        }
        Ok(duration)
    }

    pub(super) fn truth(&self) -> Result<bool, ScenarioError> {
        match self.value.get_ref() {
            DeValue::Boolean(truth) => Ok(*truth),
            _ => Err(self.bad("it is true or false")),
        }
    }

    pub(super) fn unsigned(&self, expected: &str) -> Result<u64, ScenarioError> {
        let DeValue::Integer(number) = self.value.get_ref() else {
            return Err(self.bad(expected));
        };
        u64::from_str_radix(number.as_str(), number.radix()).map_err(|_| self.bad(expected))
    }

    pub(super) fn number(&self, expected: &str) -> Result<f64, ScenarioError> {
        let number = match self.value.get_ref() {
            DeValue::Integer(_) => self.unsigned(expected)? as f64,
            DeValue::Float(number) => number
                .as_str()
                .parse::<f64>()
                .map_err(|_| self.bad(expected))?,
            _ => return Err(self.bad(expected)),
        };
        if number.is_finite() {
            Ok(number)
        } else {
            Err(self.bad(expected))
        }
    }
}

/// A table whose every field has to be asked for.
pub(super) struct Table<'a, 'i> {
    source: Source<'a>,
    path: String,
    fields: &'a DeTable<'i>,
    known: Vec<&'static str>,
}

impl<'a, 'i> Table<'a, 'i> {
    pub(super) fn new(source: Source<'a>, path: String, fields: &'a DeTable<'i>) -> Self {
        Self {
            source,
            path,
            fields,
            known: Vec::new(),
        }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// The field of this name, which is known from now on.
    pub(super) fn field(&mut self, name: &'static str) -> Option<Field<'a, 'i>> {
        self.known.push(name);
        let value = self.fields.get(name)?;
        Some(Field {
            source: self.source,
            path: self.path_of(name),
            value,
        })
    }

    /// A field without which the table says nothing.
    pub(super) fn required(
        &mut self,
        name: &'static str,
        whole: &Field<'_, '_>,
        example: &str,
    ) -> Result<Field<'a, 'i>, ScenarioError> {
        self.field(name)
            .ok_or_else(|| whole.bad(&format!("it lacks `{name}`; for example {example}")))
    }

    /// The fields that nobody has asked for and that `accept` takes.
    pub(super) fn others(&self, accept: impl Fn(&str) -> bool) -> Vec<(String, Field<'a, 'i>)> {
        self.fields
            .iter()
            .filter(|(name, _)| !self.known.contains(&name.get_ref().as_ref()))
            .filter(|(name, _)| accept(name.get_ref()))
            .map(|(name, value)| {
                let field = Field {
                    source: self.source,
                    path: self.path_of(name.get_ref()),
                    value,
                };
                (name.get_ref().to_string(), field)
            })
            .collect()
    }

    /// An error if any field was neither asked for nor accepted.
    pub(super) fn finish(self, accept: impl Fn(&str) -> bool) -> Result<(), ScenarioError> {
        let unknown = self.fields.keys().find(|name| {
            let name = name.get_ref().as_ref();
            !self.known.contains(&name) && !accept(name)
        });
        let Some(name) = unknown else {
            return Ok(());
        };
        Err(ScenarioError::UnknownField {
            origin: self.source.origin.to_owned(),
            line: self.source.line(name.span().start),
            field: self.path_of(name.get_ref()),
            nearest: nearest(name.get_ref(), &self.known),
            known: self.known.join(", "),
        })
    }
}

/// For [`Table::finish`]: no field but those asked for.
pub(super) fn nothing_else(_: &str) -> bool {
    false
}
