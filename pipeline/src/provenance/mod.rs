//! Reading statements about documents: countries from hosts, licences from marks.

pub mod cctld;
pub mod licence_evidence;
pub mod licence_hosts;
mod licence_names;
pub mod licence_prose;
mod licence_subjects;
pub mod licence_verdict;
mod licence_words;
pub mod licences;
