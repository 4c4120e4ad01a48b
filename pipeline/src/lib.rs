//! Kilim turns crawls and community URL seeds into training shards, one set per sovereign node, in which no document
//! was emitted across a border that its policy closes, and it can prove it.

pub mod audit;
pub mod change;
pub mod config;
pub mod config_tests;
pub mod dedup;
pub mod document;
pub mod engine;
pub mod evidence;
pub mod extract;
pub mod functions;
pub mod gc;
pub mod ingest;
pub mod ledger;
pub mod life;
pub mod lists;
pub mod normalize;
pub mod optout;
pub mod papers;
pub mod pii;
mod points;
pub mod policy;
pub mod proof;
pub mod provenance;
pub mod quality;
pub mod removals;
pub mod report;
pub mod route;
pub mod run;
pub mod seal;
pub mod step;
pub mod steps;
pub mod validate;
pub mod verify;
pub mod what_if;
pub mod work_dir;
