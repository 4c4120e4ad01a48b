//! The outside world: places, files and lists, read and written without any policy of ours.
//!
//! [`store`] is where things are: local files and object stores by URL, inputs expanded from paths, globs and
//! `warc.paths` lists, outputs that appear whole or not at all and never replace others.
//!
//! [`warc`] reads crawl files in splits, with exact offsets, and goes on behind damage. [`http`] takes a response
//! apart, and [`charset`] turns its body into text.
//!
//! [`web`] is about addresses: forgiving parsing, one canonical spelling, SURT, registered domains.
//!
//! [`seeds`] are what communities say about places on the web: imported from their lists, checked, and joined to
//! documents by URL.
//!
//! [`robots`] reads robots.txt, and [`signals`] all by which publishers reserve or allow uses of their pages: evidence,
//! and what it comes to.
//!
//! [`shards`] are the files trainers read: Parquet and JSON lines whose bytes depend only on the rows, hashed while
//! they are written, and read back for checks.
//!
//! [`error`] says who has to act on an error; exit codes and retries follow from it.

pub mod charset;
pub mod documents;
pub mod error;
pub mod http;
pub(crate) mod inflate;
pub mod robots;
pub mod seeds;
pub mod shards;
pub mod signals;
pub mod store;
pub mod warc;
pub mod web;
