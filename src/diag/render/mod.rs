//! How diagnostics look: for people (graphic, narrated, short) and for machines (JSON, SARIF,
//! GitHub). The only code that names miette.

mod graphic;
mod machine;

use crate::base::{InOrder, SourceMap, printable};
use crate::diag::{DataPlace, Diagnostic, Severity};

/// A way to print diagnostics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// With the lines of the source and marks under them.
    Graphic,
    /// The same told in sentences, for screen readers.
    Narrated,
    /// One line each.
    Short,
    /// `parallax/diagnostics@1`.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// GitHub's workflow commands.
    Github,
}

/// How to print.
#[derive(Clone, Copy, Debug)]
pub struct RenderOptions {
    /// The format.
    pub format: Format,
    /// Whether colours may be used.
    pub color: bool,
    /// How many are shown to people; the rest is counted.
    pub limit: usize,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self { format: Format::Graphic, color: false, limit: 20 }
    }
}

/// Prints diagnostics by file and place, each cause once.
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap, options: &RenderOptions) -> String {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.order_by_key(|diagnostic| (diagnostic.labels.first().map(|label| label.span), diagnostic.code));
    sorted.dedup_by(|next, first| {
        next.code == first.code
            && next.message == first.message
            && next.labels.first() == first.labels.first()
    });
    match options.format {
        Format::Json => return machine::json(&sorted, sources),
        Format::Sarif => return machine::sarif(&sorted, sources),
        Format::Github => return machine::github(&sorted, sources),
        Format::Graphic | Format::Narrated | Format::Short => {}
    }
    let mut out = String::new();
    for diagnostic in sorted.iter().take(options.limit) {
        match options.format {
            Format::Short => out.push_str(&short(diagnostic, sources)),
            Format::Narrated => out.push_str(&graphic::narrated(diagnostic, sources)),
            _ => out.push_str(&graphic::graphic(diagnostic, sources, options.color)),
        }
    }
    let more = sorted.len().saturating_sub(options.limit);
    if more > 0 {
        out.push_str(&format!("and {more} more\n"));
    }
    out
}

fn short(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let place = place(diagnostic, sources);
    let help = diagnostic.help.as_deref().map(|help| format!("; {}", printable(help))).unwrap_or_default();
    let (severity, code) = (word(diagnostic.severity), diagnostic.code.name());
    format!("{place}{severity}[{code}]: {}{help}\n", printable(&message(diagnostic)))
}

/// `file:line:column: `, where there is a place.
fn place(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    if let Some(data) = &diagnostic.data {
        return format!("{}:{}: ", printable(&data.file), data.row.max(1));
    }
    diagnostic.labels.first().map_or_else(String::new, |label| {
        let at = sources.position(label.span);
        format!("{}:{}:{}: ", printable(&sources.file(label.span.file).name), at.line, at.column)
    })
}

/// The message with what is known of a cell.
fn message(diagnostic: &Diagnostic) -> String {
    diagnostic
        .data
        .as_ref()
        .map_or_else(|| diagnostic.message.clone(), |data| format!("{} ({})", diagnostic.message, cell(data)))
}

fn cell(data: &DataPlace) -> String {
    let mut parts = vec![data.file.clone()];
    if data.row > 0 {
        parts.push(format!("{} {}", if data.by_row { "row" } else { "line" }, data.row));
    }
    if let Some(column) = &data.column {
        parts.push(format!("column `{column}`"));
    }
    let mut out = parts.join(", ");
    if let Some(raw) = &data.raw {
        out.push_str(&format!(": `{raw}`"));
    }
    if let Some(expected) = &data.expected {
        out.push_str(&format!(", expected {expected}"));
    }
    if data.others > 0 {
        out.push_str(&format!("; {} more like it", data.others));
    }
    out
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "advice",
    }
}

#[cfg(test)]
mod tests;
