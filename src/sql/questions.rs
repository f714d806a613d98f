//! The questions behind `twin alerts`, `twin show` and `twin explain`: SQL over the tables, so that a
//! running instance and a data folder give the same answer.

use crate::domain::coding::DEAD_LETTER;

/// A question, and what of its answer fits a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    select: String,
    order: &'static str,
    columns: &'static str,
    narrow: &'static str,
}

impl Question {
    /// The question with every column, for programs.
    pub fn whole(&self) -> String {
        format!("SELECT {} FROM ({}) ORDER BY {}", self.columns, self.select, self.order)
    }

    /// The question with what people read.
    pub fn for_people(&self) -> String {
        format!("SELECT {} FROM ({}) ORDER BY {}", self.narrow, self.select, self.order)
    }
}

/// Which effects a list names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Those whose condition holds and that were said.
    Active,
    /// Those that were ever said.
    Said,
    /// Those too that nobody was told, because their evidence was old when it came.
    All,
}

/// The effects of all kinds, the most severe and the newest first.
pub fn alerts(listed: Listed) -> Question {
    let condition = match listed {
        Listed::Active => "WHERE status = 'active' AND audience = 'care-team'",
        Listed::Said => "WHERE audience = 'care-team'",
        Listed::All => "",
    };
    let columns = "id, status, pipeline, edition, patient, ward, band, severity, score, effective_at, \
                   raised_at, revision, change, acknowledged_by, snoozed_by, snoozed_until, resolved_by, text, \
                   not_alerting, evidence";
    let of = |table: &str, kind: &str| {
        format!("SELECT '{kind}' AS kind, {columns} FROM {table} {condition}")
    };
    Question {
        select: [
            of("alerts", "alert"),
            of("follow_ups", "follow-up"),
            of("suggestions", "suggestion"),
        ]
        .join(" UNION ALL "),
        order: "CASE severity WHEN 'interruptive' THEN 0 WHEN 'passive' THEN 1 ELSE 2 END, \
                effective_at DESC, id",
        columns: "*",
        narrow: "patient, ward, concat_ws(' ', pipeline, band) AS band, \
                 concat_ws(', ', status, 'acknowledged by ' || acknowledged_by, \
                 'snoozed until ' || to_char(snoozed_until, '%Y-%m-%d %H:%M'), not_alerting) AS status, \
                 to_char(effective_at, '%Y-%m-%d %H:%M') AS effective, text, id",
    }
}

/// The pipelines in force, those that do not speak first, and who decided that.
pub fn pipelines() -> Question {
    Question {
        select: "SELECT * FROM pipelines".to_owned(),
        order: "CASE state WHEN 'paused' THEN 0 WHEN 'shadow' THEN 1 ELSE 2 END, name",
        columns: "*",
        narrow: "name, state, to_char(since, '%Y-%m-%d %H:%M') AS since, \
                 concat_ws(', ', decided_by, role) AS decided_by, why, \
                 concat_ws(', ', edition, CASE WHEN changed_since THEN 'changed since' END) AS edition, \
                 substr(hash, 1, 12) AS hash, kind, open",
    }
}

/// The patients that a name on the command line can mean: `namespace/identifier`, or the identifier.
pub fn patients_named(name: &str) -> String {
    let name = quoted(name);
    format!(
        "SELECT patient FROM patients WHERE patient = {name} OR \
         substr(patient, strpos(patient, '/') + 1) = {name} ORDER BY patient"
    )
}

/// Everything about a patient that fits a screen: who, where, what holds, what was measured last.
pub fn show(patient: &str) -> Question {
    let patient = quoted(patient);
    let said = |table: &str, kind: &str| {
        of(
            1,
            kind,
            "effective_at, text, concat_ws(', ', status, 'acknowledged by ' || acknowledged_by, \
             'snoozed until ' || to_char(snoozed_until, '%Y-%m-%d %H:%M'), not_alerting), concat_ws(', ', pipeline, band, severity), id",
            &format!(
                "FROM {table} WHERE patient = {patient} AND audience = 'care-team' AND status = 'active'"
            ),
        )
    };
    let statement = |part: u8, section: &str, table: &str| {
        of(
            part,
            section,
            "started_at, coalesce(display, code), activity, status, resource",
            &format!("FROM {table} WHERE patient = {patient} AND activity = 'active'"),
        )
    };
    let parts = [
        person(&patient),
        not_read(&patient),
        said("alerts", "alert"),
        said("suggestions", "suggestion"),
        said("follow_ups", "follow-up"),
        newest_scores(&patient),
        newest_observations(&patient),
        statement(4, "condition", "conditions"),
        statement(5, "medication", "medications"),
        statement(6, "allergy", "allergies"),
        statement(7, "state", "states"),
    ];
    Question {
        select: parts.join(" UNION ALL "),
        order: "part, section, at DESC, what",
        columns: "section, at, what, value, detail, source",
        narrow: "section, to_char(at, '%Y-%m-%d %H:%M') AS time, what, value, detail",
    }
}

fn of(order: u8, section: &str, columns: &str, rest: &str) -> String {
    format!("SELECT {order} AS part, '{section}' AS section, {columns} {rest}")
}

fn person(patient: &str) -> String {
    of(
        0,
        "patient",
        "news2_at AS at, coalesce(name, patient) AS what, concat_ws(', ', sex, birth_date, \
         CASE WHEN deceased_at IS NOT NULL THEN 'deceased' END) AS value, \
         concat_ws(', ', setting, ward, bed) AS detail, CAST(NULL AS VARCHAR) AS source",
        &format!("FROM patients WHERE patient = {patient}"),
    )
}

/// Dead letters about the patient that still wait: something came, and nothing here knows what it says.
fn not_read(patient: &str) -> String {
    of(
        1,
        "not read",
        "started_at, display, code, status, concat_ws(':', source_topic, CAST(source_partition AS VARCHAR), \
         CAST(source_offset AS VARCHAR))",
        &letters_of(patient),
    )
}

/// The flags of dead letters about a patient that still wait.
pub fn letters_of(patient: &str) -> String {
    format!(
        "FROM flags WHERE patient = {patient} AND activity = 'active' AND code_system = '{DEAD_LETTER}'"
    )
}

fn newest_scores(patient: &str) -> String {
    of(
        2,
        "score",
        "at, concat_ws(' ', pipeline, subject), concat_ws(' to ', CAST(value AS VARCHAR), \
         CAST(upper AS VARCHAR)), concat_ws('; ', status, band, points, \
         CASE WHEN missing IS NOT NULL THEN concat('missing ', missing) END), notes",
        &format!(
            "FROM (SELECT *, row_number() OVER (PARTITION BY pipeline, subject ORDER BY at DESC) AS place \
             FROM risks WHERE patient = {patient}) WHERE place = 1"
        ),
    )
}

fn newest_observations(patient: &str) -> String {
    of(
        3,
        "observation",
        "effective_at, concat_ws(', ', signal, origin), concat_ws(' ', comparator, coalesce(value_text, \
         CAST(value AS VARCHAR)), unit), coalesce(unusable, status), concat_ws(':', source_topic, \
         CAST(source_partition AS VARCHAR), CAST(source_offset AS VARCHAR))",
        &format!(
            "FROM (SELECT *, row_number() OVER (PARTITION BY signal, origin ORDER BY counts_at DESC) AS \
             place FROM observations WHERE patient = {patient} AND signal IS NOT NULL) WHERE place = 1"
        ),
    )
}

/// Why an effect was said: what it is, what it rests on, the rule, and how it came to stand as it does.
pub fn explain(id: &str) -> Question {
    let id = quoted(id);
    let columns = "id, patient, pipeline, edition, rule_source, status, change, revision, band, severity, \
                   score, score_status, text, notes, ward, onset, effective_at, raised_at, known_at, \
                   ended_at, due_at";
    let all = ["alerts", "follow_ups", "suggestions"]
        .map(|table| format!("SELECT {columns} FROM {table} WHERE id = {id}"))
        .join(" UNION ALL ");
    let fact = |order: u8, what: &str, value: &str, at: &str| {
        format!(
            "SELECT {order} AS part, '{what}' AS what, CAST({value} AS VARCHAR) AS value, {at} AS at, \
             CAST(NULL AS BIGINT) AS points, CAST(NULL AS VARCHAR) AS source FROM said"
        )
    };
    let none = "CAST(NULL AS TIMESTAMP WITH TIME ZONE)";
    let parts = [
        fact(0, "said", "text", "effective_at"),
        fact(
            1,
            "status",
            "concat_ws(', ', status, change, concat('revision ', CAST(revision AS VARCHAR)))",
            "known_at",
        ),
        fact(2, "patient", "concat_ws(', ', patient, ward)", none),
        fact(3, "band", "concat_ws(', ', band, severity)", none),
        fact(4, "score", "concat_ws(' ', score, score_status)", none),
        "SELECT 5 AS part, concat('evidence: ', label) AS what, value, effective_at AS at, points, \
         concat_ws(' ', concat_ws(':', source_topic, CAST(source_partition AS VARCHAR), \
         CAST(source_offset AS VARCHAR)), resource, code) AS source FROM evidence WHERE effect = "
            .to_owned() + &id,
        fact(6, "rule", "concat_ws(', ', pipeline, edition)", none),
        fact(7, "rule source", "rule_source", none),
        fact(8, "notes", "notes", none),
        fact(9, "episode since", "status", "onset"),
        fact(10, "first said", "status", "raised_at"),
        fact(11, "ended", "status", "ended_at"),
        fact(12, "due", "status", "due_at"),
        "SELECT 13 AS part, concat('revision ', CAST(revision AS VARCHAR)) AS what, \
         concat_ws(': ', concat_ws(', ', change, status, band), text) AS value, known_at AS at, \
         CAST(NULL AS BIGINT) AS points, CAST(NULL AS VARCHAR) AS source FROM revisions WHERE id = "
            .to_owned()
            + &id,
    ];
    Question {
        select: format!(
            "WITH said AS ({all}) SELECT * FROM ({}) WHERE (value IS NOT NULL AND value <> '') AND \
             (part < 9 OR at IS NOT NULL)",
            parts.join(" UNION ALL ")
        ),
        order: "part, points DESC NULLS LAST, at, what",
        columns: "what, value, at, points, source",
        narrow: "what, value, to_char(at, '%Y-%m-%d %H:%M:%S') AS time, points, source",
    }
}

/// Text as SQL writes it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sql::query::{QueryLimits, run};
    use crate::sql::session::Session;

    /// Every question is one that the tables can be asked.
    #[tokio::test]
    async fn the_questions_are_right() {
        let questions = [
            alerts(Listed::Active),
            alerts(Listed::Said),
            alerts(Listed::All),
            pipelines(),
            show("a/o'neill"),
            explain("0f"),
        ];
        let questions = questions.iter().flat_map(|asked| [asked.whole(), asked.for_people()]);
        let questions = questions.chain([patients_named("o'neill")]);
        for question in questions {
            let (mut session, limits) = (Session::default(), QueryLimits::default());
            let answer = run(Arc::default(), &question, &mut session, limits).await;
            let answer = answer.unwrap_or_else(|error| panic!("{question}: {error}"));
            assert_eq!(answer.batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 0);
        }
    }
}
