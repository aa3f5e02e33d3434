//! The parts of the work by themselves: `cargo bench`, or `cargo bench -- closure`.
//!
//! Each kernel is a small ruleset over tables in memory that makes one part do nearly all of the work, so the
//! figures survive changes within that part.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use parallax::base::SourceMap;
use parallax::report::{self, ReportOptions};
use parallax::syntax;
use parallax::{Memory, Options, Session};

/// Numbers that look like chance and are the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A ruleset over one table `t.csv`.
fn files(rules: &str, table: &str) -> Memory {
    Memory::default().with("r/main.lens", format!("language 1\n{rules}")).with("r/t.csv", table)
}

fn table(header: &str, rows: u64, mut row: impl FnMut(u64, &mut Chance) -> String) -> String {
    let (mut text, mut chance) = (format!("{header}\n"), Chance(1));
    for i in 0..rows {
        text.push_str(&row(i, &mut chance));
        text.push('\n');
    }
    text
}

/// Times opening and evaluating.
fn whole(criterion: &mut Criterion, name: &str, files: &Memory) {
    let run = || {
        let session = Session::open(files, Path::new("r")).expect("the folder is there");
        let ruleset = session.ruleset().expect("a sound ruleset");
        session.evaluate(ruleset, &Options::default()).expect("readable facts").0.tables.len()
    };
    criterion.bench_function(name, |bencher| bencher.iter(run));
}

const PAIRS: &str = "kind Node\nrelation Node meets other: Node\n";

fn loading(criterion: &mut Criterion) {
    let rules = "kind Item\nrelation Item weighs Number\nquestion Item is heavy | light among item weighs any w\n\
                 lens one { a: heavy when item weighs w >= 50\n otherwise light }\n";
    let wide = table("id,a,b,c,d,e,f,g,h,i,j,weight", 20_000, |i, chance| {
        let cells: Vec<String> = (0..10).map(|_| format!("text {}", chance.below(1_000_000))).collect();
        format!("i{},{},{}", i % 100, cells.join(","), i % 100)
    });
    whole(criterion, "split", &files(&format!("{rules}from \"t.csv\" {{\n  id weighs weight\n}}\n"), &wide));
    let rules = format!(
        "{PAIRS}question Node is a | b among node meets any n1\nlens one {{ otherwise b }}\n\
         from \"t.csv\" {{\n  x meets y\n}}\n"
    );
    let names = table("x,y", 20_000, |i, chance| {
        format!("node-{}-{i},other-{}", chance.below(9), chance.below(1 << 30))
    });
    whole(criterion, "intern", &files(&rules, &names));
}

fn searching(criterion: &mut Criterion) {
    let graph =
        table("x,y", 20_000, |_, chance| format!("n{},n{}", chance.below(6_000), chance.below(6_000)));
    let from = "from \"t.csv\" {\n  x meets y\n  on duplicates merge\n}\n";
    let join = format!(
        "{PAIRS}question Node is a | b of other: Node among node meets m and m meets other\n\
         lens one {{ back: a when other meets node\n otherwise b }}\n{from}"
    );
    whole(criterion, "join", &files(&join, &graph));
    let closure = format!(
        "{PAIRS}relation Node reaches other: Node\ndefine node reaches other when node meets other\n\
         define node reaches other when node reaches m and m meets other\n\
         question Node is a | b among node meets any n1\n\
         lens one {{ far: a when node reaches \"n0\"\n otherwise b }}\n{from}"
    );
    // Ladders of 200 with a way back here and there.
    let ladders = table("x,y", 20_000, |i, chance| {
        let (ladder, place) = (i / 400, i / 2 % 200);
        let next = if i % 2 == 0 || chance.below(100) > 0 { place + 1 + i % 2 } else { place / 2 };
        format!("n{},n{}", ladder * 1_000 + place, ladder * 1_000 + next)
    });
    whole(criterion, "closure", &files(&closure, &ladders));
}

fn figures(criterion: &mut Criterion) {
    let rules = "kind Shop\nkind Sale\nrelation Sale goes to Shop\nrelation Sale brings Number\n\
        question Shop is big | small among any s goes to shop\n\
        lens sums { a: big when sum(m for each s: s goes to shop and s brings m) > 5000\n otherwise small }\n\
        lens middles { a: big when median(m for each s: s goes to shop and s brings m) > 500\n otherwise small }\n\
        lens counts { a: big when count(s: s goes to shop) > 9\n otherwise small }\n\
        from \"t.csv\" {\n  sale goes to shop\n  sale brings money\n}\n";
    let sales = table("sale,shop,money", 20_000, |i, chance| {
        format!("s{i},shop{},{}.{:02}", chance.below(2_000), chance.below(1_000), chance.below(100))
    });
    whole(criterion, "aggregate", &files(rules, &sales));
}

/// Lenses of twenty rows each that compare values some of which are missing.
fn views(lenses: u64) -> String {
    let (mut text, mut chance) = (
        "kind Item\nrelation Item is listed\nrelation Item weighs Number?\nrelation Item costs Number?\n\
         question Item is a | b | c among item is listed\n"
            .to_owned(),
        Chance(7),
    );
    for lens in 0..lenses {
        let _ = writeln!(text, "lens v{lens} {{\n  first match wins");
        for row in 0..20 {
            let verdict = ["a", "b", "c"][chance.below(3) as usize];
            let (low, high) = (chance.below(90), chance.below(90));
            let _ =
                writeln!(text, "  r{row}: {verdict} when item weighs w >= {low} and item costs c < {high}");
        }
        text.push_str("  otherwise c\n}\n");
    }
    text + "from \"t.csv\" {\n  item is listed\n  item weighs weight\n  item costs cost\n}\n"
}

fn classifying(criterion: &mut Criterion) {
    let items = table("item,weight,cost", 5_000, |i, chance| {
        let weight = if i % 20 == 0 { String::new() } else { chance.below(100).to_string() };
        format!("i{i},{weight},{}", chance.below(100))
    });
    let files = files(&views(10), &items);
    whole(criterion, "classify", &files);
    let session = Session::open(&files, Path::new("r")).expect("the folder is there");
    let ruleset = session.ruleset().expect("a sound ruleset");
    let (evaluation, _) = session.evaluate(ruleset, &Options::default()).expect("readable facts");
    criterion.bench_function("patterns", |bencher| {
        bencher.iter(|| {
            let report = report::build(ruleset, session.sources(), &evaluation, &ReportOptions::default());
            report::csv(&report.expect("a report")).len()
        });
    });
}

fn reading(criterion: &mut Criterion) {
    let text = format!("language 1\n{}", views(50));
    let mut sources = SourceMap::default();
    let file = sources.add("main.lens", text.as_str());
    criterion
        .bench_function("parse", |bencher| bencher.iter(|| syntax::parse(file, &text).diagnostics.len()));
    let files = files(&views(50), "item,weight,cost\n");
    criterion.bench_function("check", |bencher| {
        bencher
            .iter(|| Session::open(&files, Path::new("r")).expect("the folder is there").diagnostics().len());
    });
}

criterion_group! {
    name = kernels;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    targets = loading, searching, figures, classifying, reading
}
criterion_main!(kernels);
