//! For people: with the lines of the source, through miette.

use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, NarratableReportHandler, ReportHandler, SourceCode,
    SourceSpan,
};

use super::message;
use crate::base::{SourceMap, printable};
use crate::diag::{Diagnostic, Severity};

/// The longest line shown whole, in bytes.
const LONGEST: usize = 160;
/// What is shown of a longer line around its mark, in bytes.
const AROUND: usize = 60;

/// One diagnostic with the lines it marks, as miette wants it.
struct Shown {
    code: String,
    severity: miette::Severity,
    message: String,
    help: Option<String>,
    labels: Vec<LabeledSpan>,
    source: Option<Excerpt>,
}

/// The marked lines of one file, put under each other.
struct Excerpt {
    name: String,
    text: String,
    /// The line number of each line of the text, from 1.
    first_line: usize,
}

pub(super) fn graphic(diagnostic: &Diagnostic, sources: &SourceMap, color: bool) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler =
        GraphicalReportHandler::new_themed(theme).with_width(98).with_links(false).with_context_lines(1);
    let mut out = String::new();
    for shown in shown(diagnostic, sources) {
        out.push_str(&Printed(&handler, &shown).to_string());
    }
    out.push('\n');
    out
}

pub(super) fn narrated(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let handler = NarratableReportHandler::new().with_context_lines(1);
    let mut out = String::new();
    for shown in shown(diagnostic, sources) {
        out.push_str(&Printed(&handler, &shown).to_string());
    }
    out.push('\n');
    out
}

struct Printed<'a, H>(&'a H, &'a Shown);

impl<H: ReportHandler> fmt::Display for Printed<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Forwarded(self.0, self.1).fmt_debug(f)
    }
}

struct Forwarded<'a, H>(&'a H, &'a Shown);

impl<H: ReportHandler> Forwarded<'_, H> {
    fn fmt_debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug(self.1, f)
    }
}

/// The diagnostic itself, and one note per place that is too far away to be shown with it.
fn shown(diagnostic: &Diagnostic, sources: &SourceMap) -> Vec<Shown> {
    let mut help = diagnostic.help.clone();
    if let Some(fix) = &diagnostic.fix {
        let title = format!("repair: {}", fix.title);
        help = Some(help.map_or_else(|| title.clone(), |help| format!("{help}\n{title}")));
    }
    let severity = match diagnostic.severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
        Severity::Advice => miette::Severity::Advice,
    };
    let mut main = Shown {
        code: diagnostic.code.name().to_owned(),
        severity,
        message: printable(&message(diagnostic)).into_owned(),
        help: help.map(|help| help.lines().map(printable).collect::<Vec<_>>().join("\n")),
        labels: Vec::new(),
        source: None,
    };
    let Some(first) = diagnostic.labels.first() else { return vec![main] };
    let mut elsewhere = Vec::new();
    let mut lines: Vec<(usize, usize, &str)> = Vec::new();
    let file = sources.file(first.span.file);
    let line_of = |span: crate::base::Span| sources.position(span).line;
    let near = |span: crate::base::Span| {
        span.file == first.span.file && line_of(span).abs_diff(line_of(first.span)) <= 12
    };
    for label in &diagnostic.labels {
        if near(label.span) {
            lines.push((label.span.start as usize, label.span.end as usize, &label.text));
        } else {
            elsewhere.push(format!("{}: {}", sources.place(label.span), label.text));
        }
    }
    let (from, to) =
        lines.iter().fold((usize::MAX, 0), |(low, high), (start, end, _)| (low.min(*start), high.max(*end)));
    let start = file.text[..from].rfind('\n').map_or(0, |at| at + 1);
    let first_end = file.text[from..].find('\n').map_or(file.text.len(), |at| from + at);
    let end = file.text[to.max(from)..].find('\n').map_or(file.text.len(), |at| to.max(from) + at);
    let window = if end - start > 40 * LONGEST || first_end - start > LONGEST && lines.len() == 1 {
        let around = |at: usize| floor(&file.text, at);
        (
            around(from.saturating_sub(AROUND).max(start)),
            around((from + AROUND + (to - from).min(AROUND)).min(end)),
        )
    } else {
        (start, end)
    };
    let (text, places) = safe(&file.text[window.0..window.1]);
    for (low, high, label) in lines {
        if low < window.0 || low > window.1 {
            continue;
        }
        let place = |at: usize| places[at.clamp(window.0, window.1) - window.0];
        let span = SourceSpan::new(place(low).into(), place(high).saturating_sub(place(low)));
        let shown = (!label.is_empty()).then(|| printable(label).into_owned());
        main.labels.push(LabeledSpan::new_with_span(shown, span));
    }
    if !elsewhere.is_empty() {
        let also = elsewhere.iter().map(|note| printable(note)).collect::<Vec<_>>().join("\n");
        main.help = Some(main.help.map_or_else(|| also.clone(), |help| format!("{help}\nsee {also}")));
    }
    let first_line = file.position(window.0).line;
    main.source = Some(Excerpt { name: printable(&file.name).into_owned(), text, first_line });
    vec![main]
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The text with dangerous characters made visible, and where each byte of it went.
fn safe(text: &str) -> (String, Vec<usize>) {
    let mut out = String::with_capacity(text.len());
    let mut places = Vec::with_capacity(text.len() + 1);
    for c in text.chars() {
        places.extend(std::iter::repeat_n(out.len(), c.len_utf8()));
        match c {
            '\n' => out.push('\n'),
            '\t' => out.push(' '),
            '\r' => {}
            c => {
                let mut buffer = [0; 4];
                out.push_str(&printable(c.encode_utf8(&mut buffer)));
            }
        }
    }
    places.push(out.len());
    (out, places)
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn miette::SpanContents<'a> + 'a>, miette::MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        Ok(Box::new(miette::MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            inner.line() + self.first_line - 1,
            inner.column(),
            inner.line_count(),
        )))
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl miette::Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }
}
