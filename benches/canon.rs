//! Canonical text of `parallax report --format csv`, read from standard input: `canon open VERDICT ...` or
//! `canon labels VERDICT ...`. Built by rustc alone, so that no interpreter starts within the time measured;
//! `canon.py` does the same and checks it.
//!
//! `open`: a line per pattern, one character per lens for the set of outcomes that are open (48 plus a bit per
//! verdict, then `none` and `conflict`). `labels`: counts per lens and verdict, counts of pairs that differ, and
//! the patterns, for rulesets in which nothing is unknown.
use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut text = String::new();
    if std::io::stdin().read_to_string(&mut text).is_err() || words.is_empty() {
        eprintln!("canon open|labels VERDICT ... < patterns.csv");
        return ExitCode::from(2);
    }
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or("").split(',').collect();
    let Some(width) = header.iter().position(|name| *name == "count") else {
        eprintln!("no column `count`");
        return ExitCode::from(2);
    };
    let rows = lines.filter_map(|line| {
        let mut cells = line.split(',');
        let labels: Vec<&str> = cells.by_ref().take(width).collect();
        Some((labels, cells.next()?.parse::<u64>().ok()?))
    });
    let out = match words[0].as_str() {
        "labels" => labels(&header[..width], &words[1..], rows),
        _ => open(&words[1..], rows),
    };
    match std::io::stdout().write_all(out.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn open<'a>(verdicts: &[String], rows: impl Iterator<Item = (Vec<&'a str>, u64)>) -> String {
    let bit: HashMap<&str, u8> = (verdicts.iter().map(String::as_str))
        .chain(["none", "conflict"])
        .enumerate()
        .map(|(i, word)| (word, 1 << i))
        .collect();
    let mut known: HashMap<&str, u8> = HashMap::new();
    let mut patterns: Vec<(Vec<u8>, u64)> = rows
        .map(|(cells, count)| {
            let pattern = cells.iter().map(|cell| {
                *known.entry(cell).or_insert_with(|| {
                    let words = cell.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_'));
                    48 + words.filter_map(|word| bit.get(word)).sum::<u8>()
                })
            });
            (pattern.collect(), count)
        })
        .collect();
    patterns.sort_unstable();
    let subjects: u64 = patterns.iter().map(|(_, count)| count).sum();
    let mut out = format!("subjects {subjects}\npatterns {}\n", patterns.len());
    for (pattern, count) in &patterns {
        out.push_str("vector ");
        out.push_str(&String::from_utf8_lossy(pattern));
        out.push_str(&format!(" {count}\n"));
    }
    out
}

fn labels<'a>(
    lenses: &[&str],
    verdicts: &[String],
    rows: impl Iterator<Item = (Vec<&'a str>, u64)>,
) -> String {
    let rows: Vec<_> = rows.collect();
    let lenses: Vec<String> = lenses.iter().map(|name| name.replace('-', "_")).collect();
    let total = |holds: &dyn Fn(&[&str]) -> bool| -> u64 {
        rows.iter().filter(|(cells, _)| holds(cells)).map(|(_, count)| count).sum()
    };
    let mut out = format!("subjects {}\n", total(&|_| true));
    for (i, lens) in lenses.iter().enumerate() {
        for verdict in verdicts {
            out.push_str(&format!("label {lens} {verdict} {}\n", total(&|cells| cells[i] == verdict)));
        }
    }
    for (i, left) in lenses.iter().enumerate() {
        for (j, right) in lenses.iter().enumerate() {
            out.push_str(&format!("differ {left} {right} {}\n", total(&|cells| cells[i] != cells[j])));
        }
    }
    let vectors: BTreeMap<&[&str], u64> =
        rows.iter().map(|(cells, count)| (cells.as_slice(), *count)).collect();
    for (cells, count) in vectors {
        out.push_str(&format!("vector {} {count}\n", cells.join(",")));
    }
    out
}
