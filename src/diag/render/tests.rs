use super::*;
use crate::base::Span;
use crate::diag::{Code, Fix};

fn example() -> (Vec<Diagnostic>, SourceMap) {
    let mut sources = SourceMap::default();
    let file = sources.add("rules.lens", "kind Party\nkind Party\u{1b}[31m\n");
    let name = Span::new(file, 16, 21);
    let diagnostic = Diagnostic::new(Code::Duplicate, "the kind `Party` is declared twice")
        .at(name, "declared again here")
        .at(Span::new(file, 5, 10), "first declared here")
        .help("give one of them another name, or delete it")
        .fix(Fix::replace("delete it", name, "", false));
    (vec![diagnostic], sources)
}

fn show(format: Format) -> String {
    let (diagnostics, sources) = example();
    render(&diagnostics, &sources, &RenderOptions { format, ..RenderOptions::default() })
}

#[test]
fn people_see_lines_and_marks() {
    insta::assert_snapshot!("graphic", show(Format::Graphic));
    insta::assert_snapshot!("narrated", show(Format::Narrated));
    insta::assert_snapshot!("short", show(Format::Short));
}

#[test]
fn machines_get_places() {
    insta::assert_snapshot!("json", show(Format::Json));
    insta::assert_snapshot!("github", show(Format::Github));
    let sarif: serde_json::Value = serde_json::from_str(&show(Format::Sarif)).expect("JSON");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "PX0208");
    assert_eq!(sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"], 2);
}

#[test]
fn terminal_escapes_never_reach_the_terminal() {
    for format in [Format::Graphic, Format::Narrated, Format::Short, Format::Github] {
        assert!(!show(format).contains('\u{1b}'), "{format:?}");
    }
}

#[test]
fn what_is_too_much_is_counted() {
    let (mut diagnostics, sources) = example();
    for at in 0..100 {
        let mut next = diagnostics[0].clone();
        next.message = format!("another {at}");
        diagnostics.push(next);
    }
    let options = RenderOptions { format: Format::Short, ..RenderOptions::default() };
    let text = render(&diagnostics, &sources, &options);
    assert_eq!(text.lines().count(), 21);
    assert!(text.ends_with("and 81 more\n"), "{text}");
}

#[test]
fn a_huge_line_is_shown_in_part() {
    let mut sources = SourceMap::default();
    let file = sources.add("long.lens", "é".repeat(1_000_000));
    let diagnostic =
        Diagnostic::new(Code::UnexpectedText, "odd").at(Span::new(file, 1_000_000, 1_000_002), "here");
    let text = render(&[diagnostic], &sources, &RenderOptions::default());
    assert!(text.len() < 2000, "{}", text.len());
}
