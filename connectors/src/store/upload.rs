//! Local files into object stores, in parts.
//!
//! A file of more than one part is a multipart upload: the object appears when the last request is answered, and not in
//! part before. [`PARTS_AT_ONCE`] parts are in memory, each of [`PART_BYTES`], or of a ten-thousandth of the file where
//! that is more (stores take 10,000 parts): 32 MiB for files up to 78 GiB.
//!
//! The object carries the file's sha256 as metadata. So a run that comes back finds what it had put already and does not
//! send it again. An upload that was cut off leaves no object; its parts stay with the store, unseen and paid for, until
//! a rule of the bucket removes them (S3 calls it `AbortIncompleteMultipartUpload`).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use object_store::path::Path as StorePath;
use object_store::{
    Attribute, Attributes, GetOptions, MultipartUpload, ObjectStore, ObjectStoreExt, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, UploadPart,
};
use tokio::io::AsyncReadExt;

use super::access::{remote_head, tagged};
use super::{Location, PutOutcome, StoreError, Stores};

/// Bytes of a part, if the file has not too many of them. S3 asks for at least 5 MiB.
pub const PART_BYTES: u64 = 8 << 20;

/// Parts in memory, and on their way, at once.
pub const PARTS_AT_ONCE: usize = 4;

/// Most parts of an upload: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>.
const MOST_PARTS: u64 = 10_000;

/// The metadata that holds the digest. A plain word, since Azure takes no others.
const DIGEST: &str = "sha256";

/// How long a store is given to forget an upload that failed: it may be dead.
const ABORT_WITHIN: Duration = Duration::from_secs(5);

/// An object that holds a local file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutFile {
    /// Whether it was sent, or was there.
    pub outcome: PutOutcome,
    /// As in [`super::Head::identity`]; `None` if the store does not say.
    pub identity: Option<String>,
}

impl Stores {
    /// Makes the object at `place` hold the local file `file`, whose sha256 is `sha256` in lower-case hex. What is there
    /// is replaced, unless it carries that digest and has that size: then nothing is sent.
    pub async fn put_file(&self, place: &Location, file: &Path, sha256: &str) -> Result<PutFile, StoreError> {
        if place.local_path().is_some() {
            let problem = "only an object store takes a copy of a file".into();
            return Err(StoreError::BadLocation { name: place.name().to_string(), problem });
        }
        let (store, path) = self.resolve(place)?;
        let local = |error| StoreError::from_io("read", &file.to_string_lossy(), error);
        let bytes = tokio::fs::metadata(file).await.map_err(local)?.len();
        let wanted = Wanted { place, store: &store, path: &path, bytes, sha256 };
        if let Some(there) = wanted.there().await? {
            return Ok(there);
        }
        if bytes <= PART_BYTES {
            let content = tokio::fs::read(file).await.map_err(local)?;
            let options = PutOptions { attributes: wanted.attributes(), ..PutOptions::default() };
            let put = store.put_opts(&path, PutPayload::from(content), options).await;
            return Ok(wanted.put(&put.map_err(|error| wanted.failed(error))?));
        }
        wanted.send_in_parts(file).await
    }
}

impl Stores {
    /// Makes the object at `to` hold what the object at `from`, in the same store, holds; its sha256 is `sha256` in lower-case
    /// hex. The store copies, so no byte of it comes here. What is there is replaced, unless it carries that digest and has
    /// that size.
    ///
    /// # Errors
    /// Places in two stores, or local ones; no object at `from`; a store that fails.
    pub async fn copy_object(
        &self,
        from: &Location,
        to: &Location,
        sha256: &str,
    ) -> Result<PutFile, StoreError> {
        let bad =
            |problem: &str| StoreError::BadLocation { name: to.name().to_string(), problem: problem.into() };
        if from.local_path().is_some() || to.local_path().is_some() {
            return Err(bad("only an object store copies its objects"));
        }
        let ((store, path), (other, source)) = (self.resolve(to)?, self.resolve(from)?);
        if !Arc::ptr_eq(&store, &other) {
            return Err(bad("an object is copied within one store only"));
        }
        let bytes = self.head(from).await?.size;
        let wanted = Wanted { place: to, store: &store, path: &path, bytes, sha256 };
        if let Some(there) = wanted.there().await? {
            return Ok(there);
        }
        store.copy(&source, &path).await.map_err(|error| wanted.failed(error))?;
        let identity = self.head(to).await?.identity;
        Ok(PutFile { outcome: PutOutcome::Written, identity: Some(identity) })
    }
}

/// The object that is wanted, and where.
struct Wanted<'a> {
    place: &'a Location,
    store: &'a Arc<dyn ObjectStore>,
    path: &'a StorePath,
    bytes: u64,
    sha256: &'a str,
}

impl Wanted<'_> {
    fn failed(&self, error: object_store::Error) -> StoreError {
        StoreError::from_remote("write", self.place.name(), error)
    }

    fn attributes(&self) -> Attributes {
        Attributes::from_iter([(Attribute::Metadata(DIGEST.into()), self.sha256.to_owned())])
    }

    fn put(&self, put: &PutResult) -> PutFile {
        let identity = put.e_tag.as_ref().map(|tag| tagged(self.bytes, tag));
        PutFile { outcome: PutOutcome::Written, identity }
    }

    /// Whether the object is there already.
    async fn there(&self) -> Result<Option<PutFile>, StoreError> {
        let found = match self.store.get_opts(self.path, GetOptions::new().with_head(true)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(StoreError::from_remote("look up", self.place.name(), error)),
        };
        let digest = found.attributes.get(&Attribute::Metadata(DIGEST.into()));
        let same = found.meta.size == self.bytes && digest.is_some_and(|digest| &**digest == self.sha256);
        let identity = Some(remote_head(&found.meta).identity);
        Ok(same.then_some(PutFile { outcome: PutOutcome::AlreadyThere, identity }))
    }

    async fn send_in_parts(&self, file: &Path) -> Result<PutFile, StoreError> {
        let options = PutMultipartOptions { attributes: self.attributes(), ..PutMultipartOptions::default() };
        let begun = self.store.put_multipart_opts(self.path, options).await;
        let mut upload = begun.map_err(|error| self.failed(error))?;
        let failed = match self.send_parts(upload.as_mut(), file).await {
            Ok(()) => match upload.complete().await {
                Ok(put) => return Ok(self.put(&put)),
                Err(error) => {
                    // The answer may have been lost and the question asked again, when the upload was no longer known.
                    if let Ok(Some(there)) = self.there().await {
                        return Ok(PutFile { outcome: PutOutcome::Written, ..there });
                    }
                    self.failed(error)
                }
            },
            Err(error) => error,
        };
        let _ = tokio::time::timeout(ABORT_WITHIN, upload.abort()).await;
        Err(failed)
    }

    async fn send_parts(&self, upload: &mut dyn MultipartUpload, file: &Path) -> Result<(), StoreError> {
        let local = |error| StoreError::from_io("read", &file.to_string_lossy(), error);
        let mut content = tokio::fs::File::open(file).await.map_err(local)?;
        let part_bytes = part_bytes(self.bytes);
        let mut on_their_way: FuturesUnordered<UploadPart> = FuturesUnordered::new();
        let mut left = self.bytes;
        while left > 0 {
            if on_their_way.len() == PARTS_AT_ONCE
                && let Some(sent) = on_their_way.next().await
            {
                sent.map_err(|error| self.failed(error))?;
            }
            let mut part = vec![0; usize::try_from(left.min(part_bytes)).unwrap_or(usize::MAX)];
            content.read_exact(&mut part).await.map_err(local)?;
            left -= part.len() as u64;
            on_their_way.push(upload.put_part(PutPayload::from(Bytes::from(part))));
        }
        while let Some(sent) = on_their_way.next().await {
            sent.map_err(|error| self.failed(error))?;
        }
        Ok(())
    }
}

/// The size of every part but the last.
fn part_bytes(file_bytes: u64) -> u64 {
    PART_BYTES.max(file_bytes.div_ceil(MOST_PARTS).next_multiple_of(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_any_size_has_parts_that_a_store_takes() {
        const GIB: u64 = 1 << 30;
        for bytes in [1, PART_BYTES, PART_BYTES + 1, 78 * GIB, 79 * GIB, 1024 * GIB, 5 * 1024 * GIB] {
            let part = part_bytes(bytes);
            assert!(part >= PART_BYTES && bytes.div_ceil(part) <= MOST_PARTS, "{bytes}: {part}");
        }
        assert_eq!(part_bytes(78 * GIB), PART_BYTES);
    }

    #[tokio::test]
    async fn a_large_file_arrives_whole_and_is_not_sent_twice() {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Arc::new(object_store::memory::InMemory::new());
        let stores = Stores::new().with_store("s3://ke-node", bucket).unwrap();
        let place = Location::parse("s3://ke-node/corpus/data.parquet", Path::new("/")).unwrap();
        let file = folder.path().join("data.parquet");
        let content: Vec<u8> = (0..PART_BYTES * 2 + 77).map(|at| (at % 251) as u8).collect();
        std::fs::write(&file, &content).unwrap();
        let first = stores.put_file(&place, &file, "aa").await.unwrap();
        assert_eq!(first.outcome, PutOutcome::Written);
        assert_eq!(stores.get(&place).await.unwrap(), content);
        let again = stores.put_file(&place, &file, "aa").await.unwrap();
        assert_eq!((again.outcome, again.identity), (PutOutcome::AlreadyThere, first.identity));
        std::fs::write(&file, "habari").unwrap();
        let other = stores.put_file(&place, &file, "bb").await.unwrap();
        assert_eq!(other.outcome, PutOutcome::Written, "what an unfinished run left is replaced");
        assert_eq!(stores.get(&place).await.unwrap(), "habari");
        stores.delete(&place).await.unwrap();
        stores.delete(&place).await.unwrap();
        assert!(!stores.exists(&place).await.unwrap());
    }

    #[tokio::test]
    async fn a_store_copies_its_own_objects_once_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let bucket = || Arc::new(object_store::memory::InMemory::new());
        let stores = Stores::new().with_store("s3://ke-node", bucket()).unwrap();
        let stores = stores.with_store("s3://eu-node", bucket()).unwrap();
        let place = |url: &str| Location::parse(url, Path::new("/")).unwrap();
        let (old, new) = (place("s3://ke-node/v0001/a.parquet"), place("s3://ke-node/v0002/a.parquet"));
        let file = folder.path().join("a.parquet");
        std::fs::write(&file, "ሰላም").unwrap();
        stores.put_file(&old, &file, "aa").await.unwrap();
        assert_eq!(stores.copy_object(&old, &new, "aa").await.unwrap().outcome, PutOutcome::Written);
        assert_eq!(stores.get(&new).await.unwrap(), "ሰላም");
        let again = stores.copy_object(&old, &new, "aa").await.unwrap();
        assert_eq!(again.outcome, PutOutcome::AlreadyThere, "the copy carries the digest");
        std::fs::write(&file, "dunia").unwrap();
        stores.put_file(&old, &file, "bb").await.unwrap();
        assert_eq!(stores.copy_object(&old, &new, "bb").await.unwrap().outcome, PutOutcome::Written);
        assert_eq!(stores.get(&new).await.unwrap(), "dunia");
        for (from, to) in [
            (old.clone(), place("s3://eu-node/v0002/a.parquet")),
            (old.clone(), Location::from_path(&file, folder.path()).unwrap()),
            (place("s3://ke-node/v0001/hakuna.parquet"), new.clone()),
        ] {
            assert!(stores.copy_object(&from, &to, "aa").await.is_err(), "{from} {to}");
        }
        assert_eq!(stores.get(&new).await.unwrap(), "dunia");
    }
}
