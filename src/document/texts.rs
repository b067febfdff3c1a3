//! All texts of a document at once, wherever they stand.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::body::{Body, Document};

/// Fields of this program's own making, of which a run has thousands.
const OWN: &str = "histogram";

impl Document {
    /// The document with `change` made to each of its texts, the names of arms, operations and zones among them.
    ///
    /// # Errors
    ///
    /// If a changed text stood for a value of an enumeration.
    pub fn with_texts(self, change: impl Fn(&str) -> String) -> Result<Self, serde_json::Error> {
        let head = changed(serde_json::to_value(&self.head)?, &change);
        let body = match self.body {
            Body::Measured(body) => Body::Measured(remade(&body, &change)?),
            Body::Doctor(body) => Body::Doctor(remade(&body, &change)?),
            Body::Lab(body) => Body::Lab(remade(&body, &change)?),
            Body::Simulated(body) => Body::Simulated(remade(&body, &change)?),
            Body::Crowds(body) => Body::Crowds(remade(&body, &change)?),
        };
        Ok(Self::new(serde_json::from_value(head)?, body))
    }
}

fn remade<B: Serialize + DeserializeOwned>(
    body: &B,
    change: &impl Fn(&str) -> String,
) -> Result<B, serde_json::Error> {
    serde_json::from_value(changed(serde_json::to_value(body)?, change))
}

fn changed(value: Value, change: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(&text)),
        Value::Array(values) => {
            let values = values.into_iter();
            Value::Array(values.map(|value| changed(value, change)).collect())
        }
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| match value {
                Value::String(own) if name == OWN => (name, Value::String(own)),
                value => (change(&name), changed(value, change)),
            });
            Value::Object(fields.collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ErrorSeen, SourceRequests, fixtures};

    #[test]
    fn nothing_is_lost_where_nothing_is_changed() {
        let Document { head, body } = fixtures::sts();
        let document = Document::new(head, body);
        let same = document.clone().with_texts(str::to_owned);
        assert_eq!(same.expect("remade"), document);
    }

    #[test]
    fn texts_are_changed_wherever_they_stand() {
        let Document { head, mut body } = fixtures::sts();
        body.arms[1].errors.push(ErrorSeen {
            message: "a secret".to_owned(),
            count: 1,
        });
        body.arms[1]
            .source_requests
            .insert("secret:Get".to_owned(), SourceRequests::default());
        let document = Document::new(head, body);
        let changed = document.with_texts(|text| text.replace("secret", "…"));
        let text = serde_json::to_string(&changed.expect("remade")).expect("JSON");
        assert!(!text.contains("secret"));
        assert!(text.contains("a …") && text.contains("…:Get"));
    }
}
