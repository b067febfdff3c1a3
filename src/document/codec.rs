//! Histograms as text: `HdrHistogram` V2 with DEFLATE, in base64, as any `HdrHistogram` library reads it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{
    DeserializeError, Deserializer, Serializer, V2DeflateSerializeError, V2DeflateSerializer,
};

/// Why a stored histogram could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("not base64")]
    Base64(#[from] base64::DecodeError),
    #[error("not an HdrHistogram: {0}")]
    Histogram(#[from] DeserializeError),
}

/// The text that stands in [`Quantiles::histogram`](super::Quantiles::histogram).
///
/// # Errors
///
/// If the histogram is too large for its form.
pub fn encode_histogram(histogram: &Histogram<u64>) -> Result<String, V2DeflateSerializeError> {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new().serialize(histogram, &mut bytes)?;
    Ok(STANDARD.encode(bytes))
}

/// The histogram that [`encode_histogram`] made into text, here or in another language.
///
/// # Errors
///
/// If the text is none.
pub fn decode_histogram(text: &str) -> Result<Histogram<u64>, DecodeError> {
    let bytes = STANDARD.decode(text)?;
    Ok(Deserializer::new().deserialize(&mut bytes.as_slice())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_survives_the_way_through_text() {
        let mut histogram = Histogram::<u64>::new(3).expect("three digits are allowed");
        for value in [1_500, 92_000_000, 180_000_000, 4_000_000_000] {
            histogram
                .record(value)
                .expect("the histogram resizes itself");
        }
        let text = encode_histogram(&histogram).expect("encodes");
        assert!(
            text.starts_with("HISTF"),
            "the prefix that other libraries look for: {text}"
        );
        assert_eq!(decode_histogram(&text).expect("decodes"), histogram);
    }

    #[test]
    fn noise_is_an_error() {
        assert!(matches!(decode_histogram("§"), Err(DecodeError::Base64(_))));
        assert!(matches!(
            decode_histogram("AAAA"),
            Err(DecodeError::Histogram(_))
        ));
    }
}
