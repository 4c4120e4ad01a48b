//! Reading statements about documents: countries from hosts, licences from marks.

pub mod cctld;
pub mod licences;
