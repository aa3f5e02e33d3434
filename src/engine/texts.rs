//! Which texts begin with, end with or contain which others, or match which patterns, found without trying every pair. Takes texts, hands on
//! places in them.

use std::sync::atomic::{AtomicUsize, Ordering};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use rayon::prelude::*;

use super::limits::Clock;
use crate::base::parallel::each_of;
use crate::builtin::Pattern;

/// Where more pairs than this are found, or more than one of so many that there could be, they are not worth writing out.
const MOST_PAIRS: usize = 1 << 23;
const DENSE: usize = 2;

/// Below so many pairs it does not matter how many of those there could be are found.
const FEW_PAIRS: usize = 1 << 12;

/// The most bytes of all that is looked for within texts.
const MOST_SOUGHT: usize = 1 << 25;

/// So many bytes of that are looked for at once: what looks for them takes some fifty times as much memory.
const SOUGHT_AT_ONCE: usize = 1 << 21;

/// A part longer than this is looked for by itself: where one repeats itself, others met within it would be met at
/// every place of it again and again.
const LONG: usize = 1 << 8;

/// The most texts and long parts that are tried pair by pair.
const MOST_LONG: usize = 1 << 20;

/// The most patterns that are kept ready at once.
const MOST_PATTERNS: usize = 1 << 14;

/// Texts looked at between two looks at the clock.
const PATIENCE: usize = 1 << 12;

/// Places in texts with places in others.
type Places = Vec<(u32, u32)>;

fn most(texts: usize, others: usize) -> usize {
    (texts.saturating_mul(others) / DENSE).clamp(FEW_PAIRS, MOST_PAIRS)
}

/// The texts that begin with some of the others, each with those. `None` where there are too many, or where the end
/// was asked for.
pub(super) fn beginning(texts: &[&str], heads: &[&str], clock: &Clock) -> Option<Places> {
    let texts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
    let heads: Vec<&[u8]> = heads.iter().map(|text| text.as_bytes()).collect();
    begun(&texts, &heads, clock)
}

/// The same of those that end with them.
pub(super) fn ending(texts: &[&str], ends: &[&str], clock: &Clock) -> Option<Places> {
    let back = |text: &&str| text.bytes().rev().collect::<Vec<u8>>();
    let texts: Vec<Vec<u8>> = texts.iter().map(back).collect();
    let ends: Vec<Vec<u8>> = ends.iter().map(back).collect();
    let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
    let ends: Vec<&[u8]> = ends.iter().map(Vec::as_slice).collect();
    begun(&texts, &ends, clock)
}

/// Goes through both in order: all texts with one head lie side by side behind it, so that the heads of a text are among
/// those of the text before it and what lies between.
fn begun(texts: &[&[u8]], heads: &[&[u8]], clock: &Clock) -> Option<Places> {
    let in_order = |texts: &[&[u8]]| {
        let mut places: Vec<u32> = (0..texts.len() as u32).collect();
        places.par_sort_unstable_by_key(|place| texts[*place as usize]);
        places
    };
    let most = most(texts.len(), heads.len());
    let mut next = in_order(heads).into_iter().peekable();
    // Heads of the text at hand, each of which begins with the one before.
    let mut open: Vec<u32> = Vec::new();
    let mut found = Places::new();
    for (count, place) in in_order(texts).into_iter().enumerate() {
        if count % PATIENCE == 0 {
            clock.time().ok()?;
        }
        let text = texts[place as usize];
        let close = |open: &mut Vec<u32>, text: &[u8]| {
            while open.pop_if(|head| !text.starts_with(heads[*head as usize])).is_some() {}
        };
        while let Some(head) = next.next_if(|head| heads[*head as usize] <= text) {
            close(&mut open, heads[head as usize]);
            open.push(head);
        }
        close(&mut open, text);
        found.extend(open.iter().map(|head| (place, *head)));
        if found.len() > most {
            return None;
        }
    }
    Some(found)
}

/// The texts that contain some of the others, each with those. `None` as above, or where too much is looked for.
pub(super) fn containing(texts: &[&str], parts: &[&str], clock: &Clock) -> Option<Places> {
    if parts.iter().map(|part| part.len()).sum::<usize>() > MOST_SOUGHT {
        return None;
    }
    // Equal parts are looked for once.
    let mut places: Vec<u32> = (0..parts.len() as u32).collect();
    places.sort_unstable_by_key(|place| (parts[*place as usize], *place));
    let groups: Vec<&[u32]> =
        places.chunk_by(|left, right| parts[*left as usize] == parts[*right as usize]).collect();
    let most = most(texts.len(), parts.len());
    let (long, groups): (Vec<&[u32]>, Vec<&[u32]>) =
        groups.into_iter().partition(|group| parts[group[0] as usize].len() > LONG);
    let mut found = containing_long(texts, parts, &long, clock)?;
    if found.len() > most {
        return None;
    }
    let mut rest = groups.as_slice();
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |group: &&&[u32]| {
            bytes += parts[group[0] as usize].len();
            bytes <= SOUGHT_AT_ONCE
        };
        let (groups, later) = rest.split_at(rest.iter().take_while(fits).count().max(1));
        rest = later;
        found.extend(containing_any(texts, parts, groups, most - found.len(), clock)?);
    }
    Some(found)
}

/// The same for groups of equal parts that are long: few texts are as long.
fn containing_long(texts: &[&str], parts: &[&str], groups: &[&[u32]], clock: &Clock) -> Option<Places> {
    let places: Vec<u32> =
        (0..texts.len() as u32).filter(|place| texts[*place as usize].len() > LONG).collect();
    if places.len().saturating_mul(groups.len()) > MOST_LONG {
        return None;
    }
    let mut found = Places::new();
    for group in groups {
        clock.time().ok()?;
        let part = parts[group[0] as usize];
        let met = places.iter().filter(|place| texts[**place as usize].contains(part));
        found.extend(met.flat_map(|place| group.iter().map(|part| (*place, *part))));
    }
    Some(found)
}

/// The same for groups of equal parts, all of which are looked for at once.
fn containing_any(
    texts: &[&str],
    parts: &[&str],
    groups: &[&[u32]],
    most: usize,
    clock: &Clock,
) -> Option<Places> {
    // The kind that is made in time that grows no faster than the parts do, however long one is.
    let automaton = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(groups.iter().map(|group| parts[group[0] as usize]))
        .ok()?;
    let count = AtomicUsize::new(0);
    let part = |(at, texts): (usize, &[&str])| -> Option<Places> {
        clock.time().ok()?;
        let mut found = Places::new();
        // By group the text it was found in last.
        let mut last = vec![u32::MAX; groups.len()];
        for (place, text) in (at as u32 * PATIENCE as u32..).zip(texts) {
            for met in automaton.find_overlapping_iter(*text) {
                let group = met.pattern().as_usize();
                if std::mem::replace(&mut last[group], place) != place {
                    found.extend(groups[group].iter().map(|part| (place, *part)));
                }
            }
            if found.len() > most {
                return None;
            }
        }
        let before = count.fetch_add(found.len(), Ordering::Relaxed);
        (before + found.len() <= most).then_some(found)
    };
    let found: Option<Vec<Places>> =
        each_of(texts.chunks(PATIENCE).enumerate().collect(), part).into_iter().collect();
    Some(found?.concat())
}

/// The texts in which some of the patterns are met, each with those. `None` as above, or where some pattern cannot be
/// read.
pub(super) fn matching(texts: &[&str], patterns: &[&str], clock: &Clock) -> Option<Places> {
    if patterns.len() > MOST_PATTERNS {
        return None;
    }
    let patterns: Vec<(Required<'_>, Pattern)> = patterns
        .iter()
        .map(|pattern| Some((required(pattern), Pattern::new(pattern)?)))
        .collect::<Option<_>>()?;
    let all: Vec<u32> = (0..patterns.len() as u32).collect();
    let (heads, rest): (Vec<u32>, Vec<u32>) =
        all.into_iter().partition(|at| matches!(patterns[*at as usize].0, Required::Head(_)));
    let (parts, free): (Vec<u32>, Vec<u32>) =
        rest.into_iter().partition(|at| matches!(patterns[*at as usize].0, Required::Part(_)));
    let literals = |places: &[u32]| -> Vec<&str> {
        places.iter().map(|at| patterns[*at as usize].0.literal()).collect()
    };
    let mut found = Places::new();
    let mut open = free;
    for (places, candidates) in [
        (&heads, beginning(texts, &literals(&heads), clock)),
        (&parts, containing(texts, &literals(&parts), clock)),
    ] {
        let Some(candidates) = candidates else {
            open.extend(places);
            continue;
        };
        let candidates: Places =
            candidates.into_iter().map(|(text, at)| (text, places[at as usize])).collect();
        found.extend(met(texts, &patterns, &candidates, clock)?);
    }
    let most = most(texts.len(), patterns.len());
    for at in open {
        let candidates: Places = (0..texts.len() as u32).map(|text| (text, at)).collect();
        found.extend(met(texts, &patterns, &candidates, clock)?);
        if found.len() > most {
            return None;
        }
    }
    Some(found)
}

/// Those of some pairs in which the pattern is met.
fn met(
    texts: &[&str],
    patterns: &[(Required<'_>, Pattern)],
    candidates: &[(u32, u32)],
    clock: &Clock,
) -> Option<Places> {
    let part = |candidates: &[(u32, u32)]| -> Option<Places> {
        clock.time().ok()?;
        let is_met = |(text, at): &&(u32, u32)| patterns[*at as usize].1.is_met(texts[*text as usize]);
        Some(candidates.iter().filter(is_met).copied().collect())
    };
    let parts: Option<Vec<Places>> =
        each_of(candidates.chunks(PATIENCE).collect(), part).into_iter().collect();
    Some(parts?.concat())
}

/// What stands in every text in which a pattern is met.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Required<'p> {
    /// Nothing that could be told.
    Nothing,
    /// This, at the beginning.
    Head(&'p str),
    /// This, somewhere.
    Part(&'p str),
}

impl<'p> Required<'p> {
    fn literal(self) -> &'p str {
        match self {
            Self::Nothing => "",
            Self::Head(text) | Self::Part(text) => text,
        }
    }
}

/// What the first plain run of a pattern requires, as far as it stands outside of groups and sets; of choices nothing.
fn required(pattern: &str) -> Required<'_> {
    if pattern.contains('|') {
        return Required::Nothing;
    }
    let is_plain = |letter: char| !letter.is_whitespace() && !"\\^$.[](){}*+?#".contains(letter);
    let anchored = pattern.strip_prefix('^');
    let rest = anchored.unwrap_or(pattern);
    let any = rest.trim_start_matches(['.', '*', '+', '?']);
    let run = any.find(|letter| !is_plain(letter)).map_or(any, |end| &any[..end]);
    // What follows may allow the last letter not to be there.
    let run = match any[run.len()..].chars().next() {
        Some('*' | '?' | '+' | '{') => run.char_indices().next_back().map_or("", |(last, _)| &run[..last]),
        _ => run,
    };
    match run {
        "" => Required::Nothing,
        run if anchored.is_some() && any.len() == rest.len() => Required::Head(run),
        run => Required::Part(run),
    }
}

#[cfg(test)]
mod tests {
    use super::{Required, containing, required};
    use crate::engine::{Clock, Limits};

    #[test]
    fn long_texts_are_looked_for_within_long_ones() {
        let long = "z".repeat(100_000);
        let texts = [&long[1..], "az", &long];
        let mut found = containing(&texts, &[&long, "a", "zz"], &Clock::start(&Limits::default()));
        found.iter_mut().for_each(|found| found.sort_unstable());
        assert_eq!(found, Some(vec![(0, 2), (1, 1), (2, 0), (2, 2)]));
    }

    #[test]
    fn patterns_require_their_first_plain_run() {
        let cases = [
            ("^AB.*C$", Required::Head("AB")),
            ("AB+", Required::Part("A")),
            ("^AB?C", Required::Head("A")),
            ("^A*", Required::Nothing),
            ("^.*AB{0}", Required::Part("A")),
            ("a|b", Required::Nothing),
            ("(?i)ab", Required::Nothing),
            ("é*", Required::Nothing),
            ("[a]b", Required::Nothing),
            ("\\d", Required::Nothing),
        ];
        for (pattern, expected) in cases {
            assert_eq!(required(pattern), expected, "{pattern}");
        }
    }
}
