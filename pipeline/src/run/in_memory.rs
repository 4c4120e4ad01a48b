//! Stages 2 and 3 over rows held in memory: the SQL of a run, without a work directory.
//!
//! Tests of a config run their few pages through it, `explain` reads the plans, and `validate` plans the checks of a
//! config against the tables it leaves.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use datafusion::catalog::MemTable;
use datafusion::common::Result;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{DataFrame, SessionContext};

use super::error::RunError;
use super::prepare::Prepared;
use crate::document::document_schema;
use crate::policy::{DecisionTable, MAX_TUPLES};
use crate::route::{self, Asked, Routing};
use crate::seal::SEAL;
use crate::{dedup, functions, optout};

/// A table of a stage, and the plan that makes it.
#[derive(Debug)]
pub struct PlannedTable {
    /// `dedup`, `route` or `seal`.
    pub stage: &'static str,
    /// Name of the table.
    pub name: &'static str,
    /// Its plan, over the tables before it.
    pub plan: LogicalPlan,
}

/// Registers `rows` (of the document schema) and every table that stages 2 and 3 make of them. Hands back the plans of
/// these, and of the rows that stage 4 seals, in order.
pub async fn hold_stages(
    context: &SessionContext,
    prepared: &Prepared,
    rows: Vec<RecordBatch>,
) -> std::result::Result<Vec<PlannedTable>, RunError> {
    let routing_failed = RunError::stage("route");
    let plans = hold_facts(context, prepared, rows).await;
    let mut plans = plans.map_err(RunError::stage("dedup"))?;
    let tuples = route::tuples(context).await.map_err(&routing_failed)?;
    let decisions = DecisionTable::build(&prepared.decider, tuples, MAX_TUPLES)
        .map_err(|error| RunError::Refused { problem: error.to_string(), hint: None })?;
    let asked = prepared.config.nodes.values().map(Asked::of).collect();
    let routing = Arc::new(Routing { decisions, asked });
    hold_routes(context, prepared, &routing, &mut plans).await.map_err(routing_failed)?;
    Ok(plans)
}

async fn hold_facts(
    context: &SessionContext,
    prepared: &Prepared,
    rows: Vec<RecordBatch>,
) -> Result<Vec<PlannedTable>> {
    for function in functions::of_every_session() {
        context.register_udf(function);
    }
    context.register_table("rows", Arc::new(MemTable::try_new(document_schema(), vec![rows])?))?;
    let mut plans = Vec::new();
    let revisits = dedup::revisits(context).await?;
    hold(context, "dedup", "revisits", revisits, &mut plans).await?;
    dedup::register_rows_keyed(context).await?;
    let clusters = dedup::clusters(context).await?;
    hold(context, "dedup", "clusters", clusters, &mut plans).await?;
    let repeats = dedup::repeats(context).await?;
    hold(context, "dedup", "repeats", repeats, &mut plans).await?;
    if prepared.sketch.is_some() {
        let edges = dedup::near::edges(context).await?;
        hold(context, "dedup", "edges", edges, &mut plans).await?;
        let components = dedup::near::components(context).await?;
        hold(context, "dedup", "near_ids", components, &mut plans).await?;
        let texts = dedup::near::texts(context).await?;
        hold(context, "dedup", "near_texts", texts, &mut plans).await?;
        let near = dedup::near::near(context).await?;
        hold(context, "dedup", "near", near, &mut plans).await?;
    } else {
        let near = dedup::near::none(context).await?;
        hold(context, "dedup", "near", near, &mut plans).await?;
    }
    let optouts = optout::join::collect(context, prepared.optout.as_ref()).await?;
    let optouts = MemTable::try_new(optout::join::schema(), vec![optouts])?;
    context.register_table(optout::join::TABLE, Arc::new(optouts))?;
    let facts = route::facts(context).await?;
    hold(context, "route", "facts", facts, &mut plans).await?;
    Ok(plans)
}

async fn hold_routes(
    context: &SessionContext,
    prepared: &Prepared,
    routing: &Arc<Routing>,
    plans: &mut Vec<PlannedTable>,
) -> Result<()> {
    route::register_placed(context, routing, prepared.dedup, prepared.config.random_seed).await?;
    let placed = context.table("placed").await?;
    hold(context, "route", "placed", placed, plans).await?;
    let max_bytes: BTreeMap<String, u64> = prepared
        .config
        .nodes
        .iter()
        .map(|(name, node)| (name.to_string(), node.shards.max_bytes.bytes()))
        .collect();
    let counts = route::shard_counts(context, &max_bytes).await?;
    let placements = route::placements(context, &counts).await?;
    hold(context, "route", "placements", placements, plans).await?;
    let routes = route::routes(context).await?;
    hold(context, "route", "routes", routes, plans).await?;
    let plan = context.sql(SEAL).await?.into_unoptimized_plan();
    plans.push(PlannedTable { stage: "seal", name: "shards", plan });
    Ok(())
}

/// Works out `frame` and registers it as table `name`, in place of one of that name.
async fn hold(
    context: &SessionContext,
    stage: &'static str,
    name: &'static str,
    frame: DataFrame,
    plans: &mut Vec<PlannedTable>,
) -> Result<()> {
    let schema = frame.schema().inner().clone();
    plans.push(PlannedTable { stage, name, plan: frame.logical_plan().clone() });
    // A plan and its batches may differ in whether a column can be null: here every one can.
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let batches = frame.collect().await?.into_iter();
    let batches = batches.map(|batch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()));
    let batches = batches.collect::<std::result::Result<Vec<_>, _>>()?;
    context.deregister_table(name)?;
    context.register_table(name, Arc::new(MemTable::try_new(schema, vec![batches])?))?;
    Ok(())
}
