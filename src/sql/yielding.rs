//! Joins that give way: a join makes many rows of few, and DataFusion lets others run only where rows are
//! read. Without this, nothing could stop a join of everything with everything, and no limit would hold.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;

/// Lets every join give way between its batches.
#[derive(Debug)]
pub struct YieldingJoins;

impl PhysicalOptimizerRule for YieldingJoins {
    fn name(&self) -> &str {
        "yielding_joins"
    }

    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let yielding = |plan: Arc<dyn ExecutionPlan>| {
            if plan.name().ends_with("JoinExec") {
                let yielding: Arc<dyn ExecutionPlan> = Arc::new(CooperativeExec::new(plan));
                return Ok(Transformed::yes(yielding));
            }
            Ok(Transformed::no(plan))
        };
        Ok(plan.transform_up(yielding)?.data)
    }

    fn schema_check(&self) -> bool {
        true
    }
}
