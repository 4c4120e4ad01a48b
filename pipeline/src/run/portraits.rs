//! The portraits of the versions that are about to be committed.

use std::collections::BTreeMap;

use super::error::RunError;
use super::prepare::Prepared;
use super::route::Routed;
use super::tables::table_path;
use crate::engine::Embedded;
use crate::optout::join;
use crate::papers::gather;
use crate::papers::portrait::{Listing, Portrait};
use crate::work_dir::WorkDir;

/// The portraits of `nodes`, by name. Reads the tables of stages 1 and 3; what it writes lies below `tmp`.
pub(super) async fn portraits(
    prepared: &Prepared,
    engine: &Embedded,
    work_dir: &WorkDir,
    routed: &Routed,
    nodes: &[&str],
    listing: Listing,
) -> Result<BTreeMap<String, Portrait>, RunError> {
    let failed = RunError::stage("seal");
    let folder = work_dir.tmp().join("portraits");
    let timer = std::time::Instant::now();
    let work = async {
        std::fs::create_dir_all(&folder)?;
        // A stage 3 that stood already has not registered it.
        join::register(engine.context(), &table_path(&routed.route_folder, join::TABLE)).await?;
        let decider = &prepared.decider;
        let found =
            gather::portraits(engine.context(), &folder, &routed.routing, decider, nodes, listing).await?;
        std::fs::remove_dir_all(&folder)?;
        tracing::debug!("portraits of {} nodes took {:?}", nodes.len(), timer.elapsed());
        Ok(found)
    };
    work.await.map_err(failed)
}
