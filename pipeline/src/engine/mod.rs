//! The engine: runs a stage and hands back its manifest rows.
//!
//! A stage is one logical plan with one root, an operator that writes files and emits one [`ManifestRow`] per file.
//! The embedded engine runs it in this process; a cluster would run the same plan elsewhere. Nothing counts until
//! the caller has committed the rows.

mod operator;

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::common::Result as PlanResult;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use operator::{InputNeeds, Operator, OperatorExec, OperatorNode, OperatorPlanner, apply, batches_after};

/// One stage: a plan and how its partitions hang together.
#[derive(Debug)]
pub struct Stage {
    /// `ingest`, `dedup`, `route` or `seal`.
    pub name: &'static str,
    /// One root that emits manifest rows.
    pub plan: LogicalPlan,
    /// Partitions share nothing, so the engine may run a few at a time. Not so once a repartition is inside: it
    /// needs all its consumers at work.
    pub independent: bool,
}

/// A file or another result that a stage made, as JSON: what it holds is the business of the stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestRow(String);

impl ManifestRow {
    /// A row that holds `value`.
    pub fn new(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(Self)
    }

    /// What the row holds.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }
}

/// The schema of every stage's root.
pub fn manifest_row_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("row", DataType::Utf8, false)]))
}

/// Rows as a batch of [`manifest_row_schema`].
pub fn manifest_batch(rows: &[ManifestRow]) -> PlanResult<RecordBatch> {
    let column: StringArray = rows.iter().map(|row| Some(row.0.as_str())).collect();
    Ok(RecordBatch::try_new(manifest_row_schema(), vec![Arc::new(column)])?)
}

/// Runs stages.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Runs `stage` to its end. Rows come in no particular order.
    async fn run(&self, stage: Stage) -> PlanResult<Vec<ManifestRow>>;
}

/// How much of the machine the embedded engine may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Partitions at work at once.
    pub threads: usize,
    /// Bytes that sorts and aggregates may hold before they spill.
    pub memory: usize,
    /// Where they spill to.
    pub spill_dir: std::path::PathBuf,
}

/// The engine inside this process.
pub struct Embedded {
    context: SessionContext,
    threads: usize,
}

impl Embedded {
    /// An engine within `limits`.
    pub fn new(limits: &Limits) -> PlanResult<Self> {
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(limits.memory)))
            .with_disk_manager_builder(
                DiskManagerBuilder::default()
                    .with_mode(DiskManagerMode::Directories(vec![limits.spill_dir.clone()])),
            )
            .build_arc()?;
        // A hash join holds its build side in memory and fails where a sort-merge join spills. Small batches: rows
        // hold whole documents.
        let config = SessionConfig::new()
            .with_target_partitions(limits.threads)
            .with_batch_size(1024)
            .with_information_schema(true)
            .set_bool("datafusion.optimizer.prefer_hash_join", false)
            .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
            .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false);
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime)
            .with_default_features()
            .with_query_planner(Arc::new(QueryPlanner))
            .build();
        Ok(Self { context: SessionContext::new_with_state(state), threads: limits.threads })
    }

    /// The session, to register tables and plan SQL with.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// The physical plan of a stage, for `explain`.
    pub async fn physical(&self, plan: &LogicalPlan) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let state = self.context.state();
        let optimised = state.optimize(plan)?;
        state.query_planner().create_physical_plan(&optimised, &state).await
    }
}

#[async_trait]
impl Engine for Embedded {
    async fn run(&self, stage: Stage) -> PlanResult<Vec<ManifestRow>> {
        let plan = self.physical(&stage.plan).await?;
        let partitions = plan.output_partitioning().partition_count();
        let at_once = if stage.independent { self.threads } else { partitions };
        let mut running =
            futures::stream::iter(0..partitions)
                .map(|partition| {
                    let plan = Arc::clone(&plan);
                    let task = self.context.task_ctx();
                    let work: SpawnedTask<PlanResult<Vec<ManifestRow>>> = SpawnedTask::spawn(async move {
                        let mut stream = plan.execute(partition, task)?;
                        let mut rows = Vec::new();
                        while let Some(batch) = stream.next().await {
                            rows.extend(rows_of(&batch?)?);
                        }
                        Ok(rows)
                    });
                    async move {
                        work.join_unwind().await.map_err(|error| DataFusionError::External(error.into()))?
                    }
                })
                .buffer_unordered(at_once.max(1));
        let mut rows = Vec::new();
        while let Some(part) = running.next().await {
            rows.extend(part?);
        }
        Ok(rows)
    }
}

fn rows_of(batch: &RecordBatch) -> PlanResult<Vec<ManifestRow>> {
    let Some(column) = batch.column(0).as_string_opt::<i32>() else {
        return datafusion::common::internal_err!("the root of a stage emits manifest rows");
    };
    Ok(column.iter().flatten().map(|row| ManifestRow(row.to_owned())).collect())
}

/// DataFusion's planner, and our operators.
#[derive(Debug)]
struct QueryPlanner;

#[async_trait]
impl datafusion::execution::context::QueryPlanner for QueryPlanner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn datafusion::catalog::Session,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(OperatorPlanner)])
            .create_physical_plan(plan, session)
            .await
    }
}
