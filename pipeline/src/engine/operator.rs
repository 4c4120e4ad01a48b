//! Nodes of our own in a DataFusion plan.
//!
//! DataFusion has no node that turns byte ranges into documents, runs steps over them, or writes a file per language
//! and names it in its result. These are [`Operator`]s: one child, partition by partition, batches in and batches
//! out. One logical and one physical node carry them all, so an operator is only its behaviour and what it asks of
//! its input. Operators are never leaves: a scheduler that slices a plan by partitions knows only its own leaves
//! and would run a foreign one once per task.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DFSchema, DFSchemaRef, Result, internal_err, plan_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{
    Expr, Extension, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore,
};
use datafusion::physical_expr::{
    EquivalenceProperties, LexRequirement, OrderingRequirements, PhysicalExpr, PhysicalSortRequirement,
};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::expressions::col;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties,
    InputDistributionRequirements, PlanProperties,
};
use futures::{StreamExt, stream};

/// What an operator asks of its input.
#[derive(Debug, Clone, Default)]
pub struct InputNeeds {
    /// Rows with equal values here must meet in one partition. Empty: any distribution will do.
    pub together: Vec<&'static str>,
    /// Order of rows inside a partition, ascending. Empty: any order will do.
    pub ordered_by: Vec<&'static str>,
    /// All rows must meet in one partition.
    pub all_together: bool,
}

/// A node of our own: one child, batches in, batches out.
pub trait Operator: fmt::Debug + Send + Sync {
    /// Name in plans, such as `WarcRead`.
    fn name(&self) -> &'static str;

    /// What distinguishes this one in plans: its settings in a few words, the same for the same behaviour.
    fn describe(&self) -> String;

    /// Columns that come out.
    fn schema(&self) -> SchemaRef;

    /// What must hold for the input.
    fn needs(&self) -> InputNeeds {
        InputNeeds::default()
    }

    /// Runs one partition.
    fn run(
        &self,
        partition: usize,
        input: SendableRecordBatchStream,
        context: &Arc<TaskContext>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<SendableRecordBatchStream>;
}

/// Puts `operator` above `input`.
pub fn apply(operator: Arc<dyn Operator>, input: LogicalPlan) -> Result<LogicalPlan> {
    let schema = Arc::new(DFSchema::try_from(operator.schema())?);
    Ok(LogicalPlan::Extension(Extension { node: Arc::new(OperatorNode { operator, input, schema }) }))
}

/// The stream of an operator that must see all its input first: the batches with which `work` ends.
pub fn batches_after<B>(
    schema: SchemaRef,
    work: impl Future<Output = Result<B>> + Send + 'static,
) -> SendableRecordBatchStream
where
    B: Iterator<Item = Result<RecordBatch>> + Send + 'static,
{
    let batches = stream::once(work).map(|done| match done {
        Ok(batches) => stream::iter(batches).boxed(),
        Err(error) => stream::iter([Err(error)]).boxed(),
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches.flatten()))
}

/// The logical node of an operator.
#[derive(Debug)]
pub struct OperatorNode {
    operator: Arc<dyn Operator>,
    input: LogicalPlan,
    schema: DFSchemaRef,
}

impl OperatorNode {
    fn identity(&self) -> (&'static str, String, &LogicalPlan) {
        (self.operator.name(), self.operator.describe(), &self.input)
    }
}

impl PartialEq for OperatorNode {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for OperatorNode {}

impl Hash for OperatorNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl PartialOrd for OperatorNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.identity().partial_cmp(&other.identity())
    }
}

impl UserDefinedLogicalNodeCore for OperatorNode {
    fn name(&self) -> &str {
        self.operator.name()
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operator.name(), self.operator.describe())
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        if !exprs.is_empty() || inputs.len() != 1 {
            return internal_err!("{} has one input and no expressions", self.operator.name());
        }
        Ok(Self {
            operator: Arc::clone(&self.operator),
            input: inputs.swap_remove(0),
            schema: Arc::clone(&self.schema),
        })
    }

    /// An operator reads every column that it was given; columns nobody needs are left out below it.
    fn necessary_children_exprs(&self, _output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        Some(vec![(0..self.input.schema().fields().len()).collect()])
    }
}

/// Plans [`OperatorNode`]s.
#[derive(Debug, Default)]
pub struct OperatorPlanner;

#[async_trait]
impl datafusion::physical_planner::ExtensionPlanner for OperatorPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn datafusion::physical_planner::PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn datafusion::catalog::Session,
        _context: &datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<OperatorNode>() else { return Ok(None) };
        let [input] = physical_inputs else {
            return internal_err!("{} has one input", node.operator.name());
        };
        Ok(Some(Arc::new(OperatorExec::new(Arc::clone(&node.operator), Arc::clone(input))?)))
    }
}

/// The physical node of an operator.
#[derive(Debug)]
pub struct OperatorExec {
    operator: Arc<dyn Operator>,
    input: Arc<dyn ExecutionPlan>,
    together: Vec<Arc<dyn PhysicalExpr>>,
    all_together: bool,
    ordering: Option<OrderingRequirements>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl OperatorExec {
    fn new(operator: Arc<dyn Operator>, input: Arc<dyn ExecutionPlan>) -> Result<Self> {
        let needs = operator.needs();
        let columns = |names: &[&str]| -> Result<Vec<Arc<dyn PhysicalExpr>>> {
            names.iter().map(|name| col(name, &input.schema())).collect()
        };
        let together = columns(&needs.together)?;
        let order = columns(&needs.ordered_by)?;
        let ordering = LexRequirement::new(order.into_iter().map(|expr| {
            PhysicalSortRequirement::new(expr, Some(arrow::compute::SortOptions::new(false, false)))
        }))
        .map(OrderingRequirements::new);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(operator.schema()),
            input.output_partitioning().clone().into_unknown(),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            operator,
            input,
            together,
            all_together: needs.all_together,
            ordering,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

/// Forgets how rows were distributed: an operator's rows are other rows than its input's.
trait IntoUnknown {
    fn into_unknown(self) -> Self;
}

impl IntoUnknown for datafusion::physical_plan::Partitioning {
    fn into_unknown(self) -> Self {
        Self::UnknownPartitioning(self.partition_count())
    }
}

impl DisplayAs for OperatorExec {
    fn fmt_as(&self, _kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Exec: {}", self.operator.name(), self.operator.describe())
    }
}

impl ExecutionPlan for OperatorExec {
    fn name(&self) -> &str {
        self.operator.name()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![if self.all_together {
            Distribution::SinglePartition
        } else if self.together.is_empty() {
            Distribution::UnspecifiedDistribution
        } else {
            Distribution::KeyPartitioned(self.together.clone())
        }])
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.ordering.clone()]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![!self.together.is_empty()]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for expr in &self.together {
            if f(expr)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if children.len() != 1 {
            return plan_err!("{} has one input", self.operator.name());
        }
        Ok(Arc::new(Self::new(Arc::clone(&self.operator), children.swap_remove(0))?))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, Arc::clone(&context))?;
        self.operator.run(partition, input, &context, &self.metrics)
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
