//! What came and means nothing here yet: codes without a signal, units and answers that cannot be used, classes of
//! stays without a setting, places without a ward. Each is a line that a site file lacks, or a sender's mistake.

/// The question: `kind`, `system`, `code`, `unit`, `about`, `records`, `patients`, `example`, the most frequent first.
pub fn unmapped() -> String {
    let position = "concat_ws('-', source_topic, CAST(source_partition AS VARCHAR), \
                    CAST(source_offset AS VARCHAR))";
    let counted = format!(
        "count(*) AS records, count(DISTINCT patient) AS patients, max({position}) AS example"
    );
    let none = "CAST(NULL AS VARCHAR)";
    let parts = [
        format!(
            "SELECT 'code' AS kind, code_system AS system, code, unit, max(display) AS about, {counted} \
             FROM observations WHERE signal IS NULL AND code IS NOT NULL GROUP BY code_system, code, unit"
        ),
        format!(
            "SELECT 'unit' AS kind, code_system AS system, code, coalesce(raw_unit, '') AS unit, \
             concat_ws(' ', signal, max(unusable)) AS about, {counted} FROM observations WHERE unusable IN \
             ('unit_unknown', 'unit_dimension') GROUP BY signal, code_system, code, coalesce(raw_unit, '')"
        ),
        format!(
            "SELECT 'answer' AS kind, code_system AS system, code, coalesce(raw_value, '') AS unit, \
             signal AS about, {counted} FROM observations WHERE unusable = 'value_unreadable' \
             GROUP BY signal, code_system, code, coalesce(raw_value, '')"
        ),
        format!(
            "SELECT 'class' AS kind, {none} AS system, class AS code, {none} AS unit, {none} AS about, {counted} \
             FROM encounters WHERE class IS NOT NULL AND setting IS NULL GROUP BY class"
        ),
        format!(
            "SELECT 'place' AS kind, {none} AS system, location AS code, {none} AS unit, {none} AS about, {counted} \
             FROM encounters WHERE location IS NOT NULL AND ward IS NULL GROUP BY location"
        ),
    ];
    format!(
        "SELECT kind, system, code, unit, about, records, patients, example FROM ({}) \
         ORDER BY records DESC, kind, code, unit",
        parts.join(" UNION ALL ")
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sql::query::{QueryLimits, run};
    use crate::sql::session::Session;

    #[tokio::test]
    async fn the_question_is_right() {
        let (mut session, limits) = (Session::default(), QueryLimits::default());
        let answer = run(Arc::default(), &unmapped(), &mut session, limits).await.unwrap();
        assert_eq!(answer.batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 0);
    }
}
