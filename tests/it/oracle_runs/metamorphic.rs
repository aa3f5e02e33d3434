//! What must change nothing: other names for things, another order of facts, rules and rows.

use std::collections::{BTreeMap, BTreeSet};

use parallax::model::{Constant, DomainId, ReadingPart, Ruleset, Slot};
use parallax::verdict::Evaluation;

use super::difference::outs;
use super::opened;
use super::shrink::declarations;
use crate::generator::{OTHERS, Random, THINGS, case};

const CASES: u64 = 300;

fn word(constant: &Constant) -> String {
    match constant {
        Constant::Thing(_, name) => name.clone(),
        Constant::Value(value) => value.to_string(),
    }
}

/// Everything an evaluation says, by name.
fn named(ruleset: &Ruleset, evaluation: &Evaluation) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let domains =
        |slots: &[Slot]| -> Vec<DomainId> { slots.iter().map(|slot| ruleset.domain_of(slot.ty)).collect() };
    let show = |domains: &[DomainId], columns: &[std::sync::Arc<Vec<u32>>], at: usize| -> String {
        let names = domains.iter().zip(columns);
        let words = names.map(|(domain, column)| {
            evaluation.dictionaries[*domain]
                .constant(column[at])
                .as_ref()
                .map_or_else(|| "not known".to_owned(), word)
        });
        words.collect::<Vec<_>>().join(", ")
    };
    for (id, bounds) in evaluation.relations.iter_enumerated() {
        let relation = &ruleset.relations[id];
        let sentence: Vec<&str> = relation.readings[0]
            .parts
            .iter()
            .map(|part| match part {
                ReadingPart::Word(word) => word.as_str(),
                ReadingPart::Slot(_) | ReadingPart::Verdict => "%",
            })
            .collect();
        let possible = bounds.possible.as_ref().unwrap_or(&bounds.certain);
        for (bound, columns) in [("certain", &bounds.certain), ("possible", possible)] {
            for at in 0..columns.first().map_or(0, |column| column.len()) {
                let tuple = show(&domains(&relation.slots), columns, at);
                lines.insert(format!("{bound} {}: {tuple}", sentence.join(" ")));
            }
        }
    }
    for (question, table) in evaluation.tables.iter_enumerated() {
        let domains = domains(&ruleset.questions[question].slots);
        for at in 0..table.len() {
            let subject = show(&domains, &table.subjects, at);
            lines.insert(format!("subject {subject}: perhaps {}", table.perhaps.contains(at)));
            for column in &table.lenses {
                let lens = &ruleset.lenses[column.lens];
                lines.insert(format!("{} {subject}: {:?}", lens.name, outs(table.outcome(column, at))));
                for (row, matches) in column.rows.iter_enumerated() {
                    let label = lens.rows[row].label.as_deref().unwrap_or_default();
                    let (sure, perhaps) = (matches.certain.contains(at), matches.possible().contains(at));
                    lines.insert(format!("{} {label} {subject}: {sure} {perhaps}", lens.name));
                }
            }
        }
    }
    for (never, violations) in evaluation.violations.iter_enumerated() {
        for violation in violations {
            let clause = &ruleset.nevers[never].clause;
            let words: BTreeMap<&str, String> = violation
                .bindings
                .iter()
                .map(|(var, constant)| {
                    (
                        clause.vars[*var].name.as_str(),
                        constant.as_ref().map_or_else(|| "not known".to_owned(), word),
                    )
                })
                .collect();
            lines.insert(format!("{} {words:?} {}", ruleset.nevers[never].name, violation.certain));
        }
    }
    lines
}

fn shuffle<T>(random: &mut Random, items: &mut [T]) {
    for at in (1..items.len()).rev() {
        items.swap(at, random.below(at + 1));
    }
}

/// Each whole word that the map has, replaced.
fn replace(text: &str, map: &BTreeMap<&str, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let part_of_name = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
        let len = rest.find(|letter| !part_of_name(letter)).unwrap_or(rest.len());
        if len == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            let word = &rest[..len];
            out.push_str(map.get(word).map_or(word, String::as_str));
            rest = &rest[len..];
        }
    }
    out
}

/// Declarations, rows and facts in another order. What counts through its order stays: the head,
/// rows of which the first match wins.
fn reordered(random: &mut Random, text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut blocks: Vec<Vec<&str>> =
        declarations(text).into_iter().map(|(from, to)| lines[from..to].to_vec()).collect();
    shuffle(random, &mut blocks[1..]);
    for block in &mut blocks {
        let end = block.len() - 1;
        if !block[0].ends_with('{') || block.iter().any(|line| line.contains("first match")) {
            continue;
        }
        // Rows come before what overrides what, and the default comes last.
        let rank =
            |line: &&str| u8::from(line.contains(" overrides ")) + 2 * u8::from(line.contains("  otherwise"));
        shuffle(random, &mut block[1..end]);
        block[1..end].sort_by_key(rank);
    }
    blocks.concat().iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn other_names_for_things_change_nothing() {
    for seed in 0..CASES {
        let text = case(seed).text;
        let Some(before) = opened(seed, &text, named) else { continue };
        let mut random = Random::new(seed ^ 0xabcd);
        let mut map = BTreeMap::new();
        for names in [THINGS.as_slice(), OTHERS.as_slice()] {
            let mut others: Vec<String> = names.iter().map(|name| format!("{name}-2")).collect();
            shuffle(&mut random, &mut others);
            map.extend(names.iter().copied().zip(others));
        }
        let renamed = replace(&text, &map);
        let after = opened(seed, &renamed, named).expect("new names do not make rules contradict");
        let wanted: BTreeSet<String> = before.iter().map(|line| replace(line, &map)).collect();
        let differs: Vec<_> = wanted.symmetric_difference(&after).collect();
        assert!(differs.is_empty(), "seed {seed}: {differs:#?}\n{renamed}");
    }
}

#[test]
fn another_order_changes_nothing() {
    for seed in 0..CASES {
        let text = case(seed).text;
        let Some(before) = opened(seed, &text, named) else { continue };
        let other = reordered(&mut Random::new(seed ^ 0x1234), &text);
        let after = opened(seed, &other, named).expect("another order does not make rules contradict");
        let differs: Vec<_> = before.symmetric_difference(&after).collect();
        assert!(differs.is_empty(), "seed {seed}: {differs:#?}\n{other}");
    }
}
