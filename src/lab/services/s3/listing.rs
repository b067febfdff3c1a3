//! Pages of objects as S3 writes them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{CommonPrefix, ETag, EncodingType, Object, Timestamp};

use super::objects::Page;

/// Everything but the characters that S3 leaves as they are under `encoding-type=url`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*')
    .remove(b'/');

/// Keys to a page: up to 1,000, which is also the default.
pub(super) fn page_size(asked: Option<i32>) -> usize {
    asked.map_or(1000, |most| usize::try_from(most).unwrap_or(0).min(1000))
}

/// A key, a prefix or a delimiter as it is written: escaped where the client has asked for that, since XML
/// cannot hold every key.
pub(super) fn encoded(text: &str, encoding: Option<&EncodingType>) -> String {
    match encoding {
        Some(encoding) if encoding.as_str() == EncodingType::URL => {
            utf8_percent_encode(text, ESCAPED).to_string()
        }
        _ => text.to_owned(),
    }
}

/// The objects and the common prefixes of a page.
pub(super) fn listed(
    page: Page,
    encoding: Option<&EncodingType>,
) -> (Option<Vec<Object>>, Option<Vec<CommonPrefix>>) {
    let contents = page.objects.into_iter().map(|(key, object)| Object {
        key: Some(encoded(&key, encoding)),
        size: i64::try_from(object.bytes.len()).ok(),
        e_tag: Some(ETag::Strong(object.etag)),
        last_modified: Some(Timestamp::from(object.modified)),
        ..Object::default()
    });
    let prefixes = page.prefixes.iter().map(|prefix| CommonPrefix {
        prefix: Some(encoded(prefix, encoding)),
    });
    (Some(contents.collect()), Some(prefixes.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_escaped_only_where_that_is_asked_for() {
        let url = EncodingType::from_static(EncodingType::URL);
        assert_eq!(encoded("k ey/ü+x", Some(&url)), "k%20ey/%C3%BC%2Bx");
        assert_eq!(encoded("k ey/ü+x", None), "k ey/ü+x");
    }
}
