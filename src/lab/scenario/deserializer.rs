//! A serde deserializer over parsed TOML whose errors say where in the file a field stands, what it is called
//! in full, and what it should have been.
//!
//! Those of the `toml` crate say neither, and a person with a misspelt scenario needs it all. Of scenarios it
//! knows two things: a `Duration` is written as text, and a field [`RULES`] of a type takes the fields of
//! [`Rules`] from the same table. (serde's `flatten` would do so, too, and forget where each of them stands.)

use std::fmt::Display;
use std::iter::Peekable;

use serde::de::value::SeqDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, Expected, IntoDeserializer, MapAccess,
    Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use toml::Spanned;
use toml::de::{DeInteger, DeString, DeTable, DeValue};

use super::error::{ScenarioError, did_you_mean};
use super::fields::{DURATION, parse_duration};
use super::rules::Rules;

/// The name of a field that holds the rules which stand in its table.
const RULES: &str = "rules";

/// Reads a TOML file. `origin` is its name in errors.
///
/// # Errors
///
/// If the text is not TOML, has a field that `T` does not know, or a value that `T` does not take.
pub(super) fn from_toml<T: DeserializeOwned>(text: &str, origin: &str) -> Result<T, ScenarioError> {
    let invalid = |(offset, problem): (usize, String)| ScenarioError::Invalid {
        origin: origin.to_owned(),
        line: text.get(..offset).unwrap_or(text).matches('\n').count() + 1,
        problem,
    };
    let document = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        invalid((offset, format!("not TOML: {}", error.message())))
    })?;
    let document = DeValue::Table(document.into_inner());
    let read = T::deserialize(Value::whole(&document));
    read.map_err(|error| invalid(error.explain(&document, text)))
}

/// What is wrong with a field.
#[derive(Debug, thiserror::Error)]
#[error("a scenario cannot be read")]
struct FieldError {
    /// The names that lead to the field, the innermost first. It grows on the way out of the tables.
    path: Vec<String>,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    /// The field is not one of these.
    Unknown(&'static [&'static str]),
    /// The field should have been this.
    Expected(String),
}

impl FieldError {
    fn within(mut self, field: &str) -> Self {
        self.path.push(field.to_owned());
        self
    }

    /// Where in the text the field stands, and what is wrong with it.
    fn explain(mut self, document: &DeValue<'_>, text: &str) -> (usize, String) {
        self.path.reverse();
        let path = self.path.join(".");
        let Some((name, value)) = find(document, &self.path) else {
            return (0, self.to_string());
        };
        let expected = match self.problem {
            Problem::Unknown(known) => {
                let known: Vec<_> = known.iter().flat_map(spelt_out).copied().collect();
                let nearest = did_you_mean(name.get_ref(), &known);
                let known = known.join(", ");
                let problem = format!("unknown field `{path}`{nearest}; known here: {known}");
                return (name.span().start, problem);
            }
            Problem::Expected(expected) => expected,
        };
        let written = match text.get(value.span()).unwrap_or_default() {
            // The span of a [table] is its heading.
            heading if value.get_ref().is_table() && !heading.starts_with('{') => "a table",
            written => written,
        };
        let problem = format!("`{path}` cannot be {written}: {expected}");
        (value.span().start, problem)
    }
}

/// The field at the end of a path.
fn find<'a, 'i>(
    document: &'a DeValue<'i>,
    path: &[String],
) -> Option<(&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>)> {
    let (last, tables) = path.split_last()?;
    let within = |table: &'a DeValue<'i>, name: &String| table.get(name).map(Spanned::get_ref);
    let table = tables.iter().try_fold(document, within)?;
    table.as_table()?.get_key_value(last.as_str())
}

/// A field as a file may have it.
fn spelt_out<'a>(field: &'a &'static str) -> &'a [&'static str] {
    match *field {
        RULES => &Rules::FIELDS,
        _ => std::slice::from_ref(field),
    }
}

impl Error for FieldError {
    fn custom<T: Display>(expected: T) -> Self {
        let (path, problem) = (Vec::new(), Problem::Expected(expected.to_string()));
        Self { path, problem }
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(expected)
    }

    /// [`bad_field`](super::fields::bad_field) names a field of the table that is being read.
    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        match unexpected {
            Unexpected::Other(field) => Self::custom(expected).within(field),
            _ => Self::custom(expected),
        }
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        let known: Vec<String> = known.iter().map(|word| format!("\"{word}\"")).collect();
        Self::custom(format_args!("it is one of {}", known.join(", ")))
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        let (path, problem) = (vec![name.to_owned()], Problem::Unknown(known));
        Self { path, problem }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format_args!("it lacks `{field}`"))
    }
}

/// A value as it is written, or of a table those fields that `takes` takes.
struct Value<'a> {
    written: &'a DeValue<'a>,
    takes: fn(&str) -> bool,
}

impl<'a> Value<'a> {
    fn whole(written: &'a DeValue<'a>) -> Self {
        let takes = |_: &str| true;
        Self { written, takes }
    }

    fn fields(&self) -> Result<Vec<(&'a str, Self)>, FieldError> {
        let table = self.written.as_table();
        let table = table.ok_or_else(|| FieldError::custom("it is a table of fields"))?;
        let fields = table.iter().map(|(name, written)| {
            let (name, value) = (name.get_ref().as_ref(), Self::whole(written.get_ref()));
            (name, value)
        });
        Ok(fields.filter(|(name, _)| (self.takes)(name)).collect())
    }
}

impl<'de> Deserializer<'de> for Value<'_> {
    type Error = FieldError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        let value = self.written;
        let whole = |number: &DeInteger<'_>| u64::from_str_radix(number.as_str(), number.radix());
        if value.is_table() {
            self.deserialize_map(visitor)
        } else if let Some(text) = value.as_str() {
            visitor.visit_str(text)
        } else if let Some(Ok(number)) = value.as_integer().map(whole) {
            visitor.visit_u64(number)
        } else if let Some(Ok(number)) = value.as_float().map(|number| number.as_str().parse()) {
            visitor.visit_f64(number)
        } else {
            Err(FieldError::custom(&visitor as &dyn Expected))
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        let truth = self.written.as_bool();
        visitor.visit_bool(truth.ok_or_else(|| FieldError::custom("it is true or false"))?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        let word = self.written.as_str().unwrap_or_default();
        visitor.visit_enum(word.into_deserializer())
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_map(Fields(self.fields()?.into_iter().peekable()))
    }

    /// Where a field is missing, what stands in the type's `#[serde(expecting = …)]` is shown as an example.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        if name == "Duration" {
            let text = self.written.as_str().ok_or(DURATION);
            let duration = text.and_then(parse_duration);
            let duration = duration.map_err(FieldError::custom)?;
            let parts = [duration.as_secs(), duration.subsec_nanos().into()];
            return visitor.visit_seq(SeqDeserializer::new(parts.into_iter()));
        }
        let mut fields = self.fields()?;
        if known.contains(&RULES) {
            if fields.iter().any(|(name, _)| *name == RULES) {
                return Err(FieldError::unknown_field(RULES, known));
            }
            fields.retain(|(name, _)| !Rules::FIELDS.contains(name));
            let takes = |name: &str| Rules::FIELDS.contains(&name);
            fields.push((RULES, Self { takes, ..self }));
        }
        let example = (&visitor as &dyn Expected).to_string();
        let read = visitor.visit_map(Fields(fields.into_iter().peekable()));
        read.map_err(|error| match error.problem {
            // What is wrong with no field of it: one is missing.
            Problem::Expected(lack) if error.path.is_empty() => {
                FieldError::custom(format_args!("{lack}; for example {example}"))
            }
            _ => error,
        })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        let values = self.written.as_array();
        let values = values.ok_or_else(|| FieldError::custom("it is a list in brackets"))?;
        let mut values = values.iter().map(|value| Self::whole(value.get_ref()));
        visitor.visit_seq(SeqDeserializer::new(&mut values))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct tuple tuple_struct identifier ignored_any
    }
}

/// The fields of a table, one after the other.
struct Fields<'a>(Peekable<std::vec::IntoIter<(&'a str, Value<'a>)>>);

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = FieldError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, FieldError> {
        let next = self.0.peek();
        let key = next.map(|(name, _)| seed.deserialize(name.into_deserializer()));
        key.transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, FieldError> {
        let field = self.0.next();
        let (name, value) = field.ok_or_else(|| FieldError::custom("a value has a name"))?;
        seed.deserialize(value).map_err(|error| match name {
            RULES => error,
            name => error.within(name),
        })
    }
}

impl IntoDeserializer<'_, FieldError> for Value<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
