//! `twin rules`: which clinical rules ship, and whether worked cases come out.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use twinstream::checks::check::{Check, checks};
use twinstream::checks::report::{Failure, Report, run};

use crate::cli::args::{OutputArg, RulesCheckArgs, RulesListArgs};
use crate::cli::table;

/// Differences of a file beyond these are counted, not shown: a rule that is wrong is wrong in all.
const DIFFERENCES_SHOWN_MAX: usize = 10;

/// Runs files of worked cases. It runs them all, and fails where a case does not come out or a file
/// cannot be run.
pub fn check(args: &RulesCheckArgs) -> Result<()> {
    let mut reports = Vec::new();
    let mut errors = Vec::new();
    for file in &args.files {
        match run(file) {
            Ok(report) => reports.push(report),
            Err(error) => errors.push((file.display().to_string(), error.to_string())),
        }
    }
    match args.output {
        OutputArg::Json => {
            let error = |(file, error): &(String, String)| json!({ "file": file, "error": error });
            let all = reports.iter().map(report_json).chain(errors.iter().map(error));
            println!("{}", serde_json::to_string_pretty(&all.collect::<Vec<Value>>())?);
        }
        OutputArg::Csv => print!("{}", report_csv(&reports)?),
        OutputArg::Table => reports.iter().for_each(print_report),
    }
    let n_passed: usize = reports.iter().map(|report| report.n_passed).sum();
    let n_failed: usize = reports.iter().map(|report| report.failures.len()).sum();
    errors.iter().for_each(|(_, error)| eprintln!("twin: {error}"));
    if 0 < n_failed || !errors.is_empty() {
        let n_not_run = errors.len();
        bail!("{n_passed} cases passed, {n_failed} failed, {n_not_run} files could not be run");
    }
    Ok(())
}

/// Lists the rules.
pub fn list(args: &RulesListArgs) -> Result<()> {
    if args.output == OutputArg::Json {
        let rules: Vec<Value> = checks().map(rule_json).collect();
        println!("{}", serde_json::to_string_pretty(&rules)?);
        return Ok(());
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["rule", "source", "edition", "inputs", "output"])?;
    for rule in checks() {
        writer.write_record([rule.name, rule.source, rule.edition, rule.inputs, rule.output])?;
    }
    let csv = String::from_utf8(writer.into_inner()?)?;
    match args.output {
        OutputArg::Csv => print!("{csv}"),
        OutputArg::Table | OutputArg::Json => println!("{}", table::laid_out(&csv)?),
    }
    Ok(())
}

fn rule_json(rule: &Check) -> Value {
    json!({
        "rule": rule.name, "source": rule.source, "edition": rule.edition,
        "inputs": rule.inputs, "output": rule.output,
    })
}

fn report_json(report: &Report) -> Value {
    let differences = rows(report).map(|[case, key, expected, got]| {
        json!({ "case": case, "key": key, "expected": expected, "got": got })
    });
    json!({
        "file": report.file, "rule": report.check.name, "passed": report.n_passed,
        "failed": report.failures.len(), "differences": differences.collect::<Vec<Value>>(),
    })
}

fn report_csv(reports: &[Report]) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["file", "rule", "passed", "failed"])?;
    for report in reports {
        let counts = [report.n_passed.to_string(), report.failures.len().to_string()];
        let [passed, failed] = &counts;
        writer.write_record([report.file.as_str(), report.check.name, passed, failed])?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn print_report(report: &Report) {
    let n_failed = report.failures.len();
    let mark = if n_failed == 0 { "✓" } else { "✗" };
    println!("{mark} {}: {} passed, {n_failed} failed", report.file, report.n_passed);
    for [case, key, expected, got] in rows(report).take(DIFFERENCES_SHOWN_MAX) {
        println!("    {case}: {key}: expected {expected}, got {got}");
    }
    let n_more = rows(report).count().saturating_sub(DIFFERENCES_SHOWN_MAX);
    if 0 < n_more {
        println!("    and {n_more} more differences");
    }
}

/// The differences of a file: case, key, expected, got.
fn rows(report: &Report) -> impl Iterator<Item = [String; 4]> + '_ {
    report.failures.iter().flat_map(|failure: &Failure| {
        failure.differences.iter().map(|difference| {
            let case = format!("{} (line {})", failure.case, failure.line);
            [case, difference.key.clone(), difference.expected.clone(), difference.got.clone()]
        })
    })
}
