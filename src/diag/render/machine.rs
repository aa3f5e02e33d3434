//! For machines: JSON, SARIF and GitHub's workflow commands.

use serde_json::{Value, json};

use super::{message, word};
use crate::base::{SourceMap, Span, printable};
use crate::diag::{Diagnostic, Severity, TABLE};

fn region(span: Span, sources: &SourceMap) -> Value {
    let file = sources.file(span.file);
    let (start, end) = (file.position(span.start as usize), file.position(span.end as usize));
    json!({
        "file": file.name, "start": span.start, "end": span.end,
        "line": start.line, "column": start.column, "end_line": end.line, "end_column": end.column,
    })
}

pub(super) fn json(diagnostics: &[&Diagnostic], sources: &SourceMap) -> String {
    let shown: Vec<Value> = diagnostics
        .iter()
        .map(|diagnostic| {
            let labels: Vec<Value> = diagnostic
                .labels
                .iter()
                .map(|label| json!({ "place": region(label.span, sources), "text": label.text }))
                .collect();
            let fix = diagnostic.fix.as_ref().map(|fix| {
                let edits: Vec<Value> = fix
                    .edits
                    .iter()
                    .map(|edit| json!({ "place": region(edit.span, sources), "text": edit.text }))
                    .collect();
                json!({ "title": fix.title, "safe": fix.safe, "edits": edits })
            });
            let data = diagnostic.data.as_ref().map(|data| {
                json!({
                    "file": data.file, "line": data.row, "column": data.column, "raw": data.raw,
                    "expected": data.expected, "others": data.others,
                })
            });
            json!({
                "code": diagnostic.code.name(), "severity": word(diagnostic.severity), "message": diagnostic.message,
                "labels": labels, "help": diagnostic.help, "fix": fix, "data": data,
            })
        })
        .collect();
    let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let all = json!({
        "schema": "parallax/diagnostics@1",
        "diagnostics": shown,
        "summary": {
            "errors": count(Severity::Error), "warnings": count(Severity::Warning), "advice": count(Severity::Advice),
        },
    });
    format!("{all:#}\n")
}

pub(super) fn sarif(diagnostics: &[&Diagnostic], sources: &SourceMap) -> String {
    let level = |severity| match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    };
    let rules: Vec<Value> = TABLE
        .iter()
        .map(|entry| {
            json!({
                "id": entry.name, "shortDescription": { "text": entry.title },
                "defaultConfiguration": { "level": level(entry.severity) },
            })
        })
        .collect();
    let results: Vec<Value> = diagnostics
        .iter()
        .map(|diagnostic| {
            let locations: Vec<Value> = diagnostic
                .labels
                .iter()
                .take(1)
                .map(|label| {
                    let file = sources.file(label.span.file);
                    let start = file.position(label.span.start as usize);
                    let end = file.position(label.span.end as usize);
                    json!({ "physicalLocation": {
                        "artifactLocation": { "uri": file.name },
                        "region": {
                            "startLine": start.line, "startColumn": start.column,
                            "endLine": end.line, "endColumn": end.column,
                        },
                    } })
                })
                .collect();
            json!({
                "ruleId": diagnostic.code.name(), "level": level(diagnostic.severity),
                "message": { "text": message(diagnostic) }, "locations": locations,
            })
        })
        .collect();
    let all = json!({
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "parallax", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": results,
        }],
    });
    format!("{all:#}\n")
}

pub(super) fn github(diagnostics: &[&Diagnostic], sources: &SourceMap) -> String {
    let escape = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| escape(text).replace(':', "%3A").replace(',', "%2C");
    let mut out = String::new();
    for diagnostic in diagnostics {
        let command = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Advice => "notice",
        };
        let place = diagnostic.labels.first().map_or_else(String::new, |label| {
            let at = sources.position(label.span);
            format!(
                "file={},line={},col={},",
                property(&sources.file(label.span.file).name),
                at.line,
                at.column
            )
        });
        let help = diagnostic.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
        let text = format!("{}{help}", message(diagnostic));
        let code = diagnostic.code.name();
        out.push_str(&format!("::{command} {place}title={code}::{}\n", escape(&printable(&text))));
    }
    out
}
