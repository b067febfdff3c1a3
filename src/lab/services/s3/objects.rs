//! Buckets and objects in memory, within bounds: the lab is for timing requests, not for storage.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderMap;
use s3s::crypto::{Checksum as _, Md5};
use s3s::{S3Result, s3_error};

/// Bytes in one object.
pub(super) const LARGEST_OBJECT: usize = 256 << 20;
/// Bytes in all objects together.
const CAPACITY: usize = 1 << 30;
/// Buckets, as in a new account.
const MOST_BUCKETS: usize = 100;

/// One object. Cloning shares the bytes.
#[derive(Clone)]
pub(super) struct Object {
    pub(super) bytes: Bytes,
    /// MD5 in hexadecimal.
    pub(super) etag: String,
    pub(super) modified: SystemTime,
    pub(super) content_type: String,
    pub(super) metadata: Option<HashMap<String, String>>,
    /// As headers.
    pub(super) checksums: HeaderMap,
}

impl Object {
    pub(super) fn new(bytes: Bytes, modified: SystemTime) -> Self {
        Self {
            etag: hex::encode(Md5::checksum(&bytes)),
            bytes,
            modified,
            // What S3 says of an object that was stored without a type.
            content_type: "binary/octet-stream".to_owned(),
            metadata: None,
            checksums: HeaderMap::new(),
        }
    }
}

pub(super) struct Bucket {
    pub(super) created: SystemTime,
    objects: BTreeMap<String, Object>,
}

/// A page of a listing.
#[derive(Default)]
pub(super) struct Page {
    pub(super) objects: Vec<(String, Object)>,
    /// Prefixes up to and with the delimiter.
    pub(super) prefixes: Vec<String>,
    /// Where the next page begins, if there is one: after this key or prefix.
    pub(super) next: Option<String>,
}

#[derive(Default)]
pub(super) struct Objects {
    pub(super) buckets: BTreeMap<String, Bucket>,
    /// Bytes in all objects.
    used: usize,
}

impl Objects {
    pub(super) fn create_bucket(&mut self, name: &str, created: SystemTime) -> S3Result<()> {
        if self.buckets.contains_key(name) {
            return Err(s3_error!(BucketAlreadyOwnedByYou));
        }
        if self.buckets.len() >= MOST_BUCKETS {
            return Err(s3_error!(TooManyBuckets));
        }
        let objects = BTreeMap::new();
        let bucket = Bucket { created, objects };
        self.buckets.insert(name.to_owned(), bucket);
        Ok(())
    }

    pub(super) fn delete_bucket(&mut self, name: &str) -> S3Result<()> {
        if !self.bucket(name)?.objects.is_empty() {
            return Err(s3_error!(BucketNotEmpty));
        }
        self.buckets.remove(name);
        Ok(())
    }

    pub(super) fn bucket(&mut self, name: &str) -> S3Result<&mut Bucket> {
        let bucket = self.buckets.get_mut(name);
        bucket.ok_or_else(|| s3_error!(NoSuchBucket, "The specified bucket does not exist"))
    }

    /// Stores an object. `create_only` refuses where there is one already.
    pub(super) fn put(
        &mut self,
        bucket: &str,
        key: &str,
        object: Object,
        create_only: bool,
    ) -> S3Result<()> {
        let used = self.used;
        let objects = &mut self.bucket(bucket)?.objects;
        let old = objects.get(key);
        if create_only && old.is_some() {
            return Err(s3_error!(
                PreconditionFailed,
                "At least one of the pre-conditions you specified did not hold"
            ));
        }
        let used = used - old.map_or(0, |old| old.bytes.len()) + object.bytes.len();
        if used > CAPACITY {
            return Err(s3_error!(
                ServiceUnavailable,
                "The lab holds 1 GiB of objects and no more"
            ));
        }
        objects.insert(key.to_owned(), object);
        self.used = used;
        Ok(())
    }

    pub(super) fn get(&mut self, bucket: &str, key: &str) -> S3Result<Object> {
        let object = self.bucket(bucket)?.objects.get(key).cloned();
        object.ok_or_else(|| s3_error!(NoSuchKey, "The specified key does not exist."))
    }

    /// Deletes an object; one that is not there is deleted already.
    pub(super) fn delete(&mut self, bucket: &str, key: &str) -> S3Result<()> {
        if let Some(old) = self.bucket(bucket)?.objects.remove(key) {
            self.used -= old.bytes.len();
        }
        Ok(())
    }

    /// Up to `most` keys and prefixes that begin with `prefix` and come after `after`. A key with
    /// the delimiter behind the prefix stands for all that share it that far.
    pub(super) fn list(
        &mut self,
        bucket: &str,
        prefix: &str,
        delimiter: Option<&str>,
        after: &str,
        most: usize,
    ) -> S3Result<Page> {
        let objects = &self.bucket(bucket)?.objects;
        let delimiter = delimiter.filter(|delimiter| !delimiter.is_empty());
        let mut page = Page::default();
        let mut last = None;
        for (key, object) in objects.range::<str, _>((Bound::Excluded(after), Bound::Unbounded)) {
            let Some(rest) = key.strip_prefix(prefix) else {
                continue;
            };
            let shared = delimiter.and_then(|delimiter| {
                let (before, _) = rest.split_once(delimiter)?;
                Some(&key[..prefix.len() + before.len() + delimiter.len()])
            });
            let known = |shared| page.prefixes.last().is_some_and(|last| last == shared);
            if shared.is_some_and(|shared| shared <= after || known(shared)) {
                continue;
            }
            if page.objects.len() + page.prefixes.len() >= most {
                page.next = last;
                break;
            }
            last = Some(shared.unwrap_or(key).to_owned());
            match shared {
                Some(shared) => page.prefixes.push(shared.to_owned()),
                None => page.objects.push((key.clone(), object.clone())),
            }
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(keys: &[&str]) -> Objects {
        let mut objects = Objects::default();
        let now = SystemTime::UNIX_EPOCH;
        objects.create_bucket("b", now).unwrap();
        for key in keys {
            let object = Object::new(Bytes::from_static(b"x"), now);
            objects.put("b", key, object, false).unwrap();
        }
        objects
    }

    #[test]
    fn pages_follow_one_another_to_the_end() {
        let mut objects = objects(&["a/1", "a/2", "b", "c/1", "d"]);
        let mut seen = Vec::new();
        let mut after = String::new();
        for _ in 0..10 {
            let page = objects.list("b", "", Some("/"), &after, 2).unwrap();
            seen.extend(page.objects.into_iter().map(|(key, _)| key));
            seen.extend(page.prefixes);
            match page.next {
                Some(next) => after = next,
                None => break,
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, ["a/", "b", "c/", "d"]);
    }

    #[test]
    fn a_prefix_narrows_a_listing() {
        let mut objects = objects(&["a/1", "a/2", "b"]);
        let page = objects.list("b", "a/", None, "", 1000).unwrap();
        let keys: Vec<_> = page.objects.into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["a/1", "a/2"]);
        assert!(page.next.is_none());
    }

    #[test]
    fn the_space_of_what_is_replaced_or_deleted_is_free_again() {
        let mut objects = objects(&["a"]);
        let object = Object::new(Bytes::from_static(b"four"), SystemTime::UNIX_EPOCH);
        objects.put("b", "a", object, false).unwrap();
        assert_eq!(objects.used, 4);
        objects.delete("b", "a").unwrap();
        assert_eq!(objects.used, 0);
    }
}
