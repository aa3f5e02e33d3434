//! A report says the same where relations are let go as soon as nothing reads them any more.

use std::path::Path;

use parallax::report::{ReportOptions, build};
use parallax::session::{Options, Session};
use parallax::verdict::Holds;

use crate::generator::case;
use crate::support::memory;

/// What a report and the evaluation behind it say, and how many relations it still holds; nothing where the text
/// is not sound.
fn told(text: &str, splits: bool, lean: bool) -> Option<(String, usize)> {
    let files = memory(text);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset()?;
    let holds = if lean { Holds::Least } else { Holds::Relations };
    let options = Options { splits, holds, ..Options::default() };
    Some(match session.evaluate(ruleset, &options) {
        Ok((evaluation, _)) => {
            let report = build(ruleset, session.sources(), &evaluation, &ReportOptions::default());
            let held = evaluation.relations.iter().filter(|relation| !relation.certain.is_empty()).count();
            (format!("{:?}{:?}{report:?}", evaluation.tables, evaluation.violations), held)
        }
        Err(diagnostics) => (format!("{diagnostics:?}"), 0),
    })
}

#[test]
fn reports_are_the_same_where_relations_are_let_go() {
    let mut fewer = 0;
    for seed in 0..400 {
        let text = case(seed).text;
        for splits in [false, true] {
            let (whole, lean) = (told(&text, splits, false), told(&text, splits, true));
            let (Some((whole, all)), Some((lean, held))) = (whole, lean) else { continue };
            assert_eq!(whole, lean, "seed {seed}\n{text}");
            assert!(held <= all);
            fewer += usize::from(held < all);
        }
    }
    assert!(fewer > 100, "relations were let go in {fewer} reports only");
}
