//! What of a ruleset decides what its facts are, as bytes: kinds, the relations that are stated, facts in
//! the text, tables with how their cells are read. Rules, lenses and questions are not among it, nor
//! where anything is written.

use std::collections::{BTreeSet, HashMap};

use super::FORMAT;
use super::bytes::Writer;
use crate::base::Span;
use crate::model::{
    BadRows, CellCond, CellFormat, CellFunction, CellTerm, Column, Constant, Kind, KindFact, RelationId,
    Ruleset, Table, TableFrom, TableSentence, TableStates, Ty,
};
use crate::value::Value;

/// The relations that hold stated facts, in order. Facts of others are worked out by rules.
pub fn fed(ruleset: &Ruleset) -> Vec<RelationId> {
    let open = ruleset.relations.iter_enumerated().filter(|(_, relation)| relation.open.is_some());
    let mut fed: BTreeSet<RelationId> = open.map(|(id, _)| id).collect();
    fed.extend(ruleset.facts.facts.iter().map(|fact| fact.relation));
    let sentences = ruleset.tables.iter().flat_map(|table| &table.sentences);
    fed.extend(sentences.filter_map(|sentence| match &sentence.states {
        TableStates::Fact(relation, _) => Some(*relation),
        TableStates::Kind(..) => None,
    }));
    fed.into_iter().collect()
}

/// Equal for two rulesets whose tables and texts state the same facts wherever the tables hold the same.
pub fn rules_key(ruleset: &Ruleset) -> Vec<u8> {
    let mut out = Writer::default();
    out.u32(FORMAT);
    out.text(env!("CARGO_PKG_VERSION"));
    out.u64(ruleset.kinds.len() as u64);
    for Kind { name: _, parent, root, domain, span: _ } in &ruleset.kinds {
        out.u64(parent.map_or(0, |parent| u64::from(parent.0) + 1));
        out.u32(root.0);
        out.u32(domain.0);
    }
    let fed = fed(ruleset);
    let place = |relation: RelationId| fed.binary_search(&relation).unwrap_or(usize::MAX) as u64;
    out.u64(fed.len() as u64);
    for relation in &fed {
        let relation = &ruleset.relations[*relation];
        out.u64(relation.open.map_or(0, |open| open as u64 + 1));
        out.u64(relation.slots.len() as u64);
        relation.slots.iter().for_each(|slot| ty(slot.ty, &mut out));
    }
    // One place may state several facts; which ones share it decides what an origin stands for.
    let mut places: HashMap<Span, usize> = HashMap::new();
    out.u64(ruleset.facts.facts.len() as u64);
    for (at, fact) in ruleset.facts.facts.iter().enumerate() {
        out.u64(place(fact.relation));
        out.byte(u8::from(fact.maybe));
        fact.args.iter().for_each(|arg| constant(arg, &mut out));
        out.u64(*places.entry(fact.span).or_insert(at) as u64);
    }
    out.u64(ruleset.facts.kinds.len() as u64);
    for KindFact { name, kind, span: _ } in &ruleset.facts.kinds {
        out.text(name);
        out.u32(kind.0);
    }
    out.u64(ruleset.tables.len() as u64);
    ruleset.tables.iter().for_each(|own| table(own, &place, &mut out));
    out.0
}

fn ty(ty: Ty, out: &mut Writer) {
    match ty {
        Ty::Thing(kind) => {
            out.byte(0);
            out.u32(kind.0);
        }
        Ty::Value(kind) => {
            out.byte(1);
            out.text(kind.name());
        }
    }
}

fn constant(constant: &Constant, out: &mut Writer) {
    match constant {
        Constant::Thing(domain, name) => {
            out.byte(0);
            out.u32(domain.0);
            out.text(name);
        }
        Constant::Value(own) => {
            out.byte(1);
            value(own, out);
        }
    }
}

fn value(value: &Value, out: &mut Writer) {
    out.text(value.kind().name());
    out.text(&value.to_string());
}

fn table(table: &Table, place: &dyn Fn(RelationId) -> u64, out: &mut Writer) {
    let Table { path, from, span: _, cells, sentences } = table;
    let CellFormat { empty, date, decimal_comma, delimiter, header, bad_rows, merge_duplicates } = cells;
    out.text(path);
    match from {
        TableFrom::File { path, sheet } => {
            out.u64(0);
            out.text(path);
            out.text(sheet.as_deref().unwrap_or_default());
            out.u64(u64::from(sheet.is_some()));
        }
        TableFrom::Sqlite { path, query } => {
            out.u64(1);
            out.text(path);
            out.text(query);
        }
        TableFrom::Postgres { variable, query } => {
            out.u64(2);
            out.text(variable);
            out.text(query);
        }
    }
    out.u64(empty.len() as u64);
    empty.iter().for_each(|text| out.text(text));
    out.maybe_text(date.as_deref());
    out.byte(u8::from(*decimal_comma));
    out.u32(delimiter.map_or(0, |delimiter| u32::from(delimiter) + 1));
    out.byte(u8::from(*header));
    out.byte(match bad_rows {
        BadRows::Fail => 0,
        BadRows::Skip => 1,
        BadRows::Unknown => 2,
    });
    out.byte(u8::from(*merge_duplicates));
    out.u64(sentences.len() as u64);
    for TableSentence { states, maybe, filter, span: _ } in sentences {
        match states {
            TableStates::Fact(relation, terms) => {
                out.byte(0);
                out.u64(place(*relation));
                terms.iter().for_each(|own| term(own, out));
            }
            TableStates::Kind(own, kind) => {
                out.byte(1);
                out.u32(kind.0);
                term(own, out);
            }
        }
        out.byte(u8::from(*maybe));
        out.byte(u8::from(filter.is_some()));
        filter.iter().for_each(|filter| condition(filter, out));
    }
}

fn term(term: &CellTerm, out: &mut Writer) {
    match term {
        CellTerm::Column(own) => {
            out.byte(0);
            column(own, out);
        }
        CellTerm::Constant(own) => {
            out.byte(1);
            constant(own, out);
        }
    }
}

fn column(Column { name, wrapped, span: _ }: &Column, out: &mut Writer) {
    out.text(name);
    out.u64(wrapped.len() as u64);
    for function in wrapped {
        out.byte(match function {
            CellFunction::Lower => 0,
            CellFunction::Trim => 1,
        });
    }
}

fn condition(cond: &CellCond, out: &mut Writer) {
    let mut parts = |number: u8, parts: &[CellCond]| {
        out.byte(number);
        out.u64(parts.len() as u64);
        parts.iter().for_each(|part| condition(part, out));
    };
    match cond {
        CellCond::And(all) => parts(0, all),
        CellCond::Or(any) => parts(1, any),
        CellCond::Not(inner) => parts(2, std::slice::from_ref(inner)),
        CellCond::Empty(own) => {
            out.byte(3);
            column(own, out);
        }
        CellCond::Compare(own, op, than) => {
            out.byte(4);
            column(own, out);
            out.text(&format!("{op:?}"));
            value(than, out);
        }
        CellCond::CompareColumns(left, op, right) => {
            out.byte(5);
            column(left, out);
            out.text(&format!("{op:?}"));
            column(right, out);
        }
    }
}
