//! A `FactSet` with warnings as content and streams, and back. Places in the ruleset's text are kept as the
//! number of the table or fact that stands there, since texts may move.

use std::collections::HashMap;

use super::blocks::{Loaded, Spare, Streams};
use super::bytes::{Reader, Writer};
use super::{fed, values};
use crate::base::{BitSet, IndexVec, Span};
use crate::diag::{Code, DataPlace, Diagnostic, Severity};
use crate::facts::tuples::Placed;
use crate::facts::{FactSet, Origin, Origins, RepeatedRows, StoredFacts, TableRead, Tuples};
use crate::model::{KindId, RelationId, Ruleset};

/// Words of a run of origins: its start, what it is, and two numbers.
const RUN: usize = 4;

pub(super) fn write<'f>(
    ruleset: &Ruleset,
    facts: &'f FactSet,
    warnings: &[Diagnostic],
    streams: &mut Streams<'f>,
) -> Option<Vec<u8>> {
    let mut out = Writer::default();
    let mut spans: HashMap<Span, usize> = HashMap::new();
    for (at, fact) in ruleset.facts.facts.iter().enumerate() {
        spans.entry(fact.span).or_insert(at);
    }
    for dictionary in &facts.dictionaries {
        values::write(dictionary, streams);
    }
    let fed = fed(ruleset);
    for relation in &fed {
        let StoredFacts { certain, maybe } = &facts.relations[*relation];
        for tuples in [certain, maybe] {
            tuples.columns.iter().for_each(|column| streams.words(column.as_slice()));
            let (origins, stated) = tuples.stating()?;
            out.u64(origins.len() as u64);
            out.byte(u8::from(stated.is_some()));
            streams.spare(stated.unwrap_or_default());
            let mut runs = Vec::new();
            for (start, origin) in origins.runs() {
                runs.extend(match origin {
                    Origin::Nobody => [start, 0, 0, 0],
                    Origin::Text(span) => [start, 1, *spans.get(&span)? as u32, 0],
                    Origin::Row { table, line } => [start, 2, table, line],
                });
            }
            streams.words(runs);
        }
    }
    for members in facts.members.iter().chain(&facts.outright) {
        out.u64(members.len() as u64);
        let halves = members.words().iter().flat_map(|word| [*word as u32, (*word >> 32) as u32]);
        streams.words(halves.collect::<Vec<u32>>());
    }
    out.u64(facts.reads.len() as u64);
    for TableRead { table, path, rows, skipped, repeated, digest, by_row } in &facts.reads {
        out.u32(*table);
        out.text(path);
        [rows, skipped, repeated].into_iter().for_each(|count| out.u64(*count));
        out.text(digest);
        out.byte(u8::from(*by_row));
    }
    out.u64(facts.repeated.len() as u64);
    for RepeatedRows { relation, table, line, shown, others } in &facts.repeated {
        out.u64(fed.binary_search(relation).ok()? as u64);
        out.u32(*table);
        out.u32(*line);
        out.text(shown);
        out.u64(*others);
    }
    out.u64(warnings.len() as u64);
    warnings.iter().try_for_each(|warning| write_warning(ruleset, warning, &mut out))?;
    Some(out.0)
}

fn write_warning(ruleset: &Ruleset, warning: &Diagnostic, out: &mut Writer) -> Option<()> {
    let Diagnostic { code, severity, message, labels, data, help, fix } = warning;
    if fix.is_some() {
        return None;
    }
    out.text(code.name());
    out.byte(match severity {
        Severity::Error => return None,
        Severity::Warning => 1,
        Severity::Advice => 2,
    });
    out.text(message);
    out.u64(labels.len() as u64);
    for label in labels {
        out.u64(ruleset.tables.iter().position(|table| table.span == label.span)? as u64);
        out.text(&label.text);
    }
    out.byte(u8::from(data.is_some()));
    if let Some(DataPlace { file, row, column, raw, expected, others, by_row }) = data {
        out.text(file);
        out.u64(*row);
        [column, raw, expected].into_iter().for_each(|text| out.maybe_text(text.as_deref()));
        out.u64(*others);
        out.byte(u8::from(*by_row));
    }
    out.maybe_text(help.as_deref());
    Some(())
}

pub(super) fn read(
    ruleset: &Ruleset,
    content: &[u8],
    mut streams: Loaded,
) -> Option<(FactSet, Vec<Diagnostic>)> {
    let mut reader = Reader(content);
    let dictionaries: Option<Vec<_>> = ruleset
        .domains
        .iter_enumerated()
        .map(|(id, domain)| values::read(id, *domain, &mut streams))
        .collect();
    let dictionaries = dictionaries?.into_iter().collect::<IndexVec<_, _>>();
    let empty = |slots: usize| StoredFacts { certain: Tuples::new(slots), maybe: Tuples::new(slots) };
    let mut relations: IndexVec<RelationId, StoredFacts> =
        ruleset.relations.iter().map(|relation| empty(relation.slots.len())).collect();
    let fed = fed(ruleset);
    for relation in &fed {
        let slots = &ruleset.relations[*relation].slots;
        let limits: Vec<usize> =
            slots.iter().map(|slot| dictionaries[ruleset.domain_of(slot.ty)].len()).collect();
        let certain = tuples(ruleset, &limits, &mut reader, &mut streams)?;
        let maybe = tuples(ruleset, &limits, &mut reader, &mut streams)?;
        relations[*relation] = StoredFacts { certain, maybe };
    }
    let mut things = || -> Option<IndexVec<KindId, BitSet>> {
        let kinds = ruleset.kinds.iter();
        let sets: Option<Vec<BitSet>> =
            kinds.map(|kind| set(dictionaries[kind.domain].len(), &mut reader, &mut streams)).collect();
        Some(sets?.into_iter().collect())
    };
    let (members, outright) = (things()?, things()?);
    let mut reads = Vec::new();
    for _ in 0..reader.count()? {
        reads.push(TableRead {
            table: reader.u32().filter(|table| (*table as usize) < ruleset.tables.len())?,
            path: reader.text()?,
            rows: reader.u64()?,
            skipped: reader.u64()?,
            repeated: reader.u64()?,
            digest: reader.text()?,
            by_row: reader.byte()? == 1,
        });
    }
    let mut repeated = Vec::new();
    for _ in 0..reader.count()? {
        repeated.push(RepeatedRows {
            relation: *fed.get(usize::try_from(reader.u64()?).ok()?)?,
            table: reader.u32().filter(|table| (*table as usize) < ruleset.tables.len())?,
            line: reader.u32()?,
            shown: reader.text()?,
            others: reader.u64()?,
        });
    }
    let mut warnings = Vec::new();
    for _ in 0..reader.count()? {
        warnings.push(read_warning(ruleset, &mut reader)?);
    }
    let done = reader.0.is_empty() && streams.is_done();
    done.then_some((FactSet { dictionaries, relations, members, outright, reads, repeated }, warnings))
}

/// A set of so many things at most.
fn set(most: usize, reader: &mut Reader<'_>, streams: &mut Loaded) -> Option<BitSet> {
    let len = usize::try_from(reader.u64()?).ok()?;
    let (halves, _) = streams.words()?;
    let words: Vec<u64> = halves
        .as_chunks::<2>()
        .0
        .iter()
        .map(|[low, high]| u64::from(*low) | u64::from(*high) << 32)
        .collect();
    let fits = len <= most && words.len() * 2 == halves.len();
    let spare = !len.is_multiple_of(64) && words.last().is_some_and(|last| last >> (len % 64) != 0);
    (fits && words.len() == len.div_ceil(64) && !spare).then(|| BitSet::from_words(words, len))
}

fn tuples(
    ruleset: &Ruleset,
    limits: &[usize],
    reader: &mut Reader<'_>,
    streams: &mut Loaded,
) -> Option<Tuples> {
    let mut columns = Vec::with_capacity(limits.len());
    for limit in limits {
        let (column, most) = streams.words()?;
        if !column.is_empty() && most as usize >= *limit {
            return None;
        }
        columns.push(column);
    }
    let len = columns.first().map_or(0, Vec::len);
    let count = u32::try_from(reader.u64()?).ok()?;
    let placed = reader.byte()? == 1;
    let stated = streams.spare()?;
    let fits = match &stated {
        _ if !placed => count as usize == len,
        Spare::Read(stated, most) => stated.len() == len && (len == 0 || *most < count),
        Spare::Unread => true,
    };
    if !fits || columns.iter().any(|column| column.len() != len) {
        return None;
    }
    let (runs, _) = streams.words()?;
    let mut origins = Origins::default();
    let runs = runs.as_chunks::<RUN>().0;
    let ends = runs.iter().skip(1).map(|run| run[0]).chain([count]);
    for ([start, what, first, second], end) in runs.iter().zip(ends) {
        if *start as usize != origins.len() || end <= *start {
            return None;
        }
        let origin = match what {
            0 => Origin::Nobody,
            1 => Origin::Text(ruleset.facts.facts.get(*first as usize)?.span),
            2 if (*first as usize) < ruleset.tables.len() => {
                second.checked_add(end - *start)?;
                Origin::Row { table: *first, line: *second }
            }
            _ => return None,
        };
        origins.push_run(origin, (end - *start) as usize);
    }
    let is_whole = origins.len() == count as usize;
    let stated = match stated {
        _ if !placed => Placed::AsTheyStand,
        Spare::Read(places, _) => Placed::At(places),
        Spare::Unread => Placed::Nowhere,
    };
    is_whole.then(|| Tuples::from_parts(columns, origins, stated))
}

fn read_warning(ruleset: &Ruleset, reader: &mut Reader<'_>) -> Option<Diagnostic> {
    let code = Code::find(&reader.text()?)?;
    let severity = match reader.byte()? {
        1 => Severity::Warning,
        2 => Severity::Advice,
        _ => return None,
    };
    let mut warning = Diagnostic { severity, ..Diagnostic::new(code, reader.text()?) };
    for _ in 0..reader.count()? {
        let table = ruleset.tables.get(usize::try_from(reader.u64()?).ok()?)?;
        warning = warning.at(table.span, reader.text()?);
    }
    if reader.byte()? == 1 {
        let mut place = DataPlace { file: reader.text()?, row: reader.u64()?, ..DataPlace::default() };
        for text in [&mut place.column, &mut place.raw, &mut place.expected] {
            reader.maybe_text(text)?;
        }
        place.others = reader.u64()?;
        place.by_row = reader.byte()? == 1;
        warning.data = Some(place);
    }
    reader.maybe_text(&mut warning.help)?;
    Some(warning)
}
