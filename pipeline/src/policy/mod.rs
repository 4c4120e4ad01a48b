//! Who may have what.
//!
//! Rules are written by stewards in [Cedar](https://www.cedarpolicy.com), because it always ends, denies by default,
//! and can be reasoned about. Two things are asked of them: may this document go to that node (`emit`), and may it be
//! worked on where this run stands (`process`).
//!
//! Cedar *skips* a rule that fails while it is evaluated. A skipped `forbid` is an open border, so there are two
//! fences: [`Policies::load`] refuses whatever strict validation cannot prove safe, and [`Decider`] denies whenever
//! evaluation reports any error at all.
//!
//! Rules see a document only through its [`Tuple`]. A crawl of 10^9 documents has some 10^3 to 10^5 distinct tuples;
//! each is decided once per node, and the rows gather their answer from the [`DecisionTable`].
//!
//! ```
//! use kilim::policy::{Blocs, Decider, NodeFacts, Policies, Tuple, LICENCES, RESIDENCY, SHIPPED_BLOCS};
//!
//! let policies = Policies::load(&[("residency.cedar", RESIDENCY), ("licences.cedar", LICENCES)])?;
//! let blocs = Blocs::parse(SHIPPED_BLOCS)?;
//! let as_of = jiff::civil::date(2026, 11, 23);
//! let node = NodeFacts {
//!     name: "eu".into(),
//!     jurisdiction: "EU".into(),
//!     mode: "open".into(),
//!     accepts: blocs.expand(&["EU".into()], as_of),
//! };
//! let page = Tuple { jurisdictions: ["DE".into()].into(), mode: "open".into(), ..Tuple::default() };
//! let decision = Decider::new(policies, vec![node.clone()], &[])?.decide_emit(&node, &page);
//! assert!(decision.allowed);
//! assert_eq!(&*decision.determining[0].id, "accepted-everywhere");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod blocs;
pub mod check;
mod decide;
mod gather;
mod lint;
mod literals;
mod log;
pub mod matrix;
#[cfg(feature = "prove")]
pub mod prove;
mod report;
pub mod schema;
mod set;
mod space;
mod table;
mod truth;
mod tuple;

pub use blocs::{BlocError, Blocs};
pub use decide::{DecideError, Decider, Decision, NodeFacts, PolicyRef, TupleDecisions, Withheld};
pub use gather::Gather;
pub use log::{DecisionRow, Grounds, Line, LogProblem, read_log, replay, write_rows};
pub use report::{PolicyError, PolicyErrors, Spot};
pub use schema::Action;
pub use set::Policies;
pub use space::{Axis, Limits, Space};
pub use table::{DecisionTable, MAX_TUPLES, TableError, TableRow};
pub use truth::{Applied, applying};
pub use tuple::{OptOut, Tuple, TupleId};

/// The shipped `configs/policies/residency.cedar`.
pub const RESIDENCY: &str = include_str!("../../../configs/policies/residency.cedar");
/// The shipped `configs/policies/licences.cedar`.
pub const LICENCES: &str = include_str!("../../../configs/policies/licences.cedar");
/// The shipped `configs/policies/open-web.cedar`, which a corpus must ask for.
pub const OPEN_WEB: &str = include_str!("../../../configs/policies/open-web.cedar");
/// The shipped `configs/blocs.csv`.
pub const SHIPPED_BLOCS: &str = include_str!("../../../configs/blocs.csv");

#[cfg(test)]
mod example_tests;
