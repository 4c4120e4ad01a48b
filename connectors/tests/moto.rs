//! Stores against an S3 that is not ours. One test, since it measures the memory of its process.

#[path = "support/moto.rs"]
mod moto;

use std::path::Path;

use bytes::Bytes;
use kilim_connectors::store::{
    Location, PART_BYTES, PARTS_AT_ONCE, PutOutcome, StoreError, Stores, expand_inputs,
};

/// The large file: many times what may be in memory.
const LARGE_BYTES: u64 = 400 << 20;

/// Largest resident size of this process so far, in bytes; `None` where the system does not say.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? << 10)
}

#[tokio::test]
async fn another_s3_is_read_listed_committed_to_and_sent_large_files_in_bounded_memory() {
    let Some(server) = moto::Moto::start(&["kilim-test-store"]) else { return };
    let stores = Stores::with_variables(server.variables());
    let place = |key: &str| Location::parse(&format!("s3://kilim-test-store/{key}"), Path::new("/")).unwrap();

    let text = Bytes::from_static("Habari ya asubuhi, dunia. ሰላም።".as_bytes());
    for name in ["crawl/a.txt", "crawl/b.txt", "crawl/ndani/c.txt", "crawl/வணக்கம்.txt"] {
        stores.put(&place(name), text.clone()).await.unwrap();
    }
    assert_eq!(stores.get_range(&place("crawl/a.txt"), 7..9).await.unwrap(), "ya");
    assert_eq!(stores.head(&place("crawl/b.txt")).await.unwrap().size, text.len() as u64);
    let found =
        expand_inputs(&["s3://kilim-test-store/crawl/*.txt".to_owned()], Path::new("/"), &stores).await;
    assert_eq!(found.unwrap().len(), 3, "* stays within a folder");
    assert!(!stores.exists(&place("crawl/d.txt")).await.unwrap());

    let manifest = place("v0001/manifest.json");
    stores.delete(&manifest).await.unwrap();
    assert_eq!(stores.put_if_absent(&manifest, text.clone()).await.unwrap(), PutOutcome::Written);
    assert_eq!(stores.put_if_absent(&manifest, text.clone()).await.unwrap(), PutOutcome::AlreadyThere);
    let other = stores.put_if_absent(&manifest, Bytes::from_static(b"{}")).await.unwrap_err();
    assert!(matches!(other, StoreError::Conflict { .. }), "{other:?}");
    assert_eq!(stores.get(&manifest).await.unwrap(), text, "never replaced");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.parquet");
    std::fs::File::create(&file).unwrap().set_len(LARGE_BYTES).unwrap();
    let large = place("v0001/data.parquet");
    stores.delete(&large).await.unwrap();
    let before = peak_bytes();
    let put = stores.put_file(&large, &file, "abc").await.unwrap();
    assert_eq!(put.outcome, PutOutcome::Written);
    if let (Some(before), Some(after)) = (before, peak_bytes()) {
        let (grown, parts) = (after - before, PARTS_AT_ONCE as u64 * PART_BYTES);
        println!("{} MiB sent with {} MiB more memory", LARGE_BYTES >> 20, grown >> 20);
        // Parts on their way, and what the client and the allocator keep of those that have gone.
        assert!(grown < 3 * parts, "{grown} bytes");
    }
    assert_eq!(stores.head(&large).await.unwrap().size, LARGE_BYTES);
    let listed = stores.list(&place("v0001")).await.unwrap();
    let listed = listed.into_iter().find(|file| file.location == large).unwrap();
    assert_eq!(Some(listed.identity), put.identity, "as it was put");
    assert_eq!(stores.put_file(&large, &file, "abc").await.unwrap().outcome, PutOutcome::AlreadyThere);
    for file in stores.list(&place("")).await.unwrap() {
        stores.delete(&file.location).await.unwrap();
    }
    assert!(stores.list(&place("")).await.unwrap().is_empty());
}
