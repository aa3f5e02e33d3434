//! The same bytes whatever the number of threads.

use std::fmt::Write as _;
use std::path::Path;

use parallax::session::{Options, Session};

use crate::generator::case;
use crate::support::memory;

/// Everything an evaluation says, as text; its error where it fails.
fn bytes(text: &str, threads: usize) -> String {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can start");
    pool.install(|| {
        let files = memory(text);
        let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
        let Some(ruleset) = session.ruleset() else { return "not sound".to_owned() };
        match session.evaluate(ruleset, &Options::default()) {
            Ok((evaluation, _)) => {
                format!("{:?}{:?}{:?}", evaluation.tables, evaluation.relations, evaluation.violations)
            }
            Err(diagnostics) => format!("{diagnostics:?}"),
        }
    })
}

/// A population too large for one thread's share, with a calculation that may have no result.
fn large(divide: bool) -> String {
    let mut text = "language 1\nkind T\nkind U\nrelation T shines\nrelation U glows\nrelation T has Number points\n\
                    relation T likes U\nquestion T is in | out for U among t shines and u glows\n\
                    lens l {\n  r0: in when t likes u unless t has any n points\n  r1: out when t has m points and "
        .to_owned();
    text.push_str(if divide { "12 / m > 2" } else { "m * 2 > 9" });
    text.push_str("\n}\nfacts {\n");
    for at in 0..100 {
        let _ = writeln!(text, "  t{at} shines\n  u{at} glows\n  t{at} likes u{}", at * 7 % 100);
        if at % 3 == 0 {
            let _ = writeln!(text, "  t{at} has {} points", at % 11);
        }
        if at % 5 == 0 {
            let _ = writeln!(text, "  maybe t{at} likes u{}", at * 3 % 100);
        }
    }
    text + "}\n"
}

#[test]
fn the_bytes_are_the_same_for_any_number_of_threads() {
    let large = [large(false), large(true)];
    let small = (0..150).map(|seed| case(seed).text);
    for text in small.chain(large) {
        let one = bytes(&text, 1);
        for threads in [2, 3] {
            assert!(one == bytes(&text, threads), "{threads} threads differ from one\n{text}");
        }
    }
}
