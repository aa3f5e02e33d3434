//! A report on some lenses says the same where no others are worked out.

use std::path::Path;

use parallax::model::LensId;
use parallax::report::{ReportOptions, build, comparing};
use parallax::session::{Options, Session};
use parallax::verdict::Holds;

use crate::generator::case;
use crate::support::memory;

#[test]
fn lenses_that_are_not_compared_need_not_be_worked_out() {
    let (mut fewer, mut seen) = (0, 0);
    for seed in 0..200 {
        let text = case(seed).text;
        let files = memory(&text);
        let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
        let Some(ruleset) = session.ruleset() else { continue };
        for lens in ruleset.lenses.ids() {
            let chosen = ReportOptions { lenses: Some(vec![lens]), ..ReportOptions::default() };
            let told = |compared: Option<Vec<LensId>>| {
                let options =
                    Options { splits: seed % 2 == 0, holds: Holds::Least, compared, ..Options::default() };
                let (evaluation, _) = session.evaluate(ruleset, &options).ok()?;
                let report = build(ruleset, session.sources(), &evaluation, &chosen);
                let lenses = evaluation.tables.iter().map(|table| table.lenses.len()).sum::<usize>();
                Some((format!("{:?}{report:?}", evaluation.violations), lenses))
            };
            let Some((whole, all)) = told(None) else { continue };
            let (own, some) = told(Some(comparing(ruleset, &chosen))).expect("less is worked out");
            assert_eq!(whole, own, "seed {seed}\n{text}");
            seen += 1;
            fewer += usize::from(some < all);
        }
    }
    assert!(fewer * 4 > seen, "of {seen} reports {fewer} left lenses out");
}
