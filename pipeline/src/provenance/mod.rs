//! Reading statements about documents: countries from hosts, addresses and other traces, licences from marks.

pub mod cctld;
pub mod country_names;
pub mod imprint;
pub mod language_countries;
pub mod licence_evidence;
pub mod licence_hosts;
mod licence_names;
pub mod licence_prose;
mod licence_subjects;
pub mod licence_verdict;
mod licence_words;
pub mod licences;
pub mod server_country;
