//! The engine run for real: crawl files and seeds in, shards out, on the sample crawl and on small WARCs made here.
//!
//! One binary, since each links the whole engine. A test builds a [`corpus::Corpus`] in a folder of its own, runs it
//! through the library or as a process, and looks at what stands there afterwards.

mod bad_input;
mod books;
mod broken_files;
mod corpus;
mod dead_store;
mod determinism;
mod documents;
mod door;
mod evidence;
#[path = "../../../connectors/tests/support/fake_s3.rs"]
mod fake_s3;
mod fixtures;
mod full_disk;
mod gc;
mod hard_texts;
mod keys;
mod kill;
#[path = "../../../connectors/tests/support/moto.rs"]
mod moto;
mod near;
mod no_value_leaves;
mod other_store;
mod pages;
mod papers;
mod papers_eu;
mod personal_data;
mod quality;
mod replay;
mod reservations;
mod residency;
mod resume;
mod sovereign;
mod standing;
mod takedown;
mod what_if;
