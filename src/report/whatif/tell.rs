//! What moves, told: every value in words, movers of a lens grouped by from what to what.

use crate::base::{InOrder, SourceMap, article};
use crate::explain::Standing;
use crate::explain::whatif::{LensMoves, Moved, NeverMoves, NeverWay, QuestionMoves, Side, WhatIf};
use crate::model::{Constant, KindFact, LensId, QuestionId, RowId, Ruleset};
use crate::report::explanation::words::Words;
use crate::verdict::Bound;

/// What moves, in words.
#[derive(Clone, Debug)]
pub struct ToldMoves {
    /// The scenario whose world is changed.
    pub scenario: Option<String>,
    /// Facts stated then.
    pub added: Vec<ToldFact>,
    /// Facts stated no longer.
    pub removed: Vec<ToldFact>,
    /// Names no fact had before.
    pub new_names: Vec<String>,
    /// What happens, per question.
    pub questions: Vec<ToldQuestion>,
    /// The constraints that are broken otherwise.
    pub nevers: Vec<ToldNever>,
}

/// A constraint that is broken otherwise.
#[derive(Clone, Debug)]
pub struct ToldNever {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: Option<String>,
    /// Where it stands.
    pub place: String,
    /// In how many ways it is broken for certain and perhaps, as it is.
    pub before: (usize, usize),
    /// In how many it would be.
    pub after: (usize, usize),
    /// The ways that differ, by from what to what: `no`, `perhaps`, `certain`; each with its words.
    pub ways: Vec<(&'static str, &'static str, Vec<String>)>,
}

/// A fact that changes.
#[derive(Clone, Debug)]
pub struct ToldFact {
    /// The sentence.
    pub sentence: String,
    /// Where it is stated.
    pub place: Option<String>,
    /// Whether it is only possible.
    pub maybe: bool,
}

/// What happens to the subjects of one question.
#[derive(Clone, Debug)]
pub struct ToldQuestion {
    /// Its name.
    pub name: String,
    /// The names of the subject's slots.
    pub slots: Vec<String>,
    /// The subjects before and after.
    pub subjects: (usize, usize),
    /// How many of them move under some lens asked about.
    pub moving: usize,
    /// Who is asked about then, or no longer, or only perhaps: from what, to what, who.
    pub standings: Vec<(&'static str, &'static str, Vec<Vec<String>>)>,
    /// Who moves.
    pub lenses: Vec<ToldLens>,
}

/// Who moves under one lens.
#[derive(Clone, Debug)]
pub struct ToldLens {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: Option<String>,
    /// The movers by from what to what, the most first.
    pub groups: Vec<ToldGroup>,
}

/// Subjects that move the same way.
#[derive(Clone, Debug)]
pub struct ToldGroup {
    /// What is said of them.
    pub before: String,
    /// What would be.
    pub after: String,
    /// The subjects, in order of their names.
    pub moves: Vec<ToldMove>,
}

/// A subject that moves.
#[derive(Clone, Debug)]
pub struct ToldMove {
    /// Its names.
    pub subject: Vec<String>,
    /// As it is.
    pub before: ToldSide,
    /// As it would be.
    pub after: ToldSide,
}

/// What is said of a subject, and why.
#[derive(Clone, Debug)]
pub struct ToldSide {
    /// `inside`, `perhaps`, `outside`.
    pub standing: &'static str,
    /// The outcome.
    pub outcome: String,
    /// The answer in a sentence, where the proof was looked for.
    pub sentence: Option<String>,
    /// The rows behind it.
    pub rows: Vec<ToldReason>,
}

/// A row that decides.
#[derive(Clone, Debug)]
pub struct ToldReason {
    /// Its label or place in the lens.
    pub label: String,
    /// The verdict it gives.
    pub verdict: String,
    /// Its reason.
    pub reason: Option<String>,
    /// Where it stands.
    pub place: String,
    /// Whether it matches for certain.
    pub certain: bool,
}

/// Tells what moves.
pub fn tell(ruleset: &Ruleset, sources: &SourceMap, whatif: &WhatIf, scenario: Option<&str>) -> ToldMoves {
    let words = Words { ruleset, sources, parameters: None, newcomers: None };
    let fact = |fact: &crate::explain::Fact| ToldFact {
        sentence: words.fact(fact.relation, &fact.args),
        place: fact.origin.and_then(|origin| words.place(origin)),
        maybe: fact.maybe,
    };
    let kind = |fact: &KindFact| {
        let name = &ruleset.kinds[fact.kind].name;
        let thing = words.written(&Constant::Thing(ruleset.kinds[fact.kind].domain, fact.name.clone()));
        ToldFact {
            sentence: format!("{thing} is {} {name}", article(name)),
            place: Some(words.span(fact.span)),
            maybe: false,
        }
    };
    ToldMoves {
        scenario: scenario.map(str::to_owned),
        added: whatif.added.iter().map(fact).chain(whatif.added_kinds.iter().map(kind)).collect(),
        removed: whatif.removed.iter().map(fact).chain(whatif.removed_kinds.iter().map(kind)).collect(),
        new_names: whatif.new_names.iter().map(|name| words.constant(name)).collect(),
        questions: whatif.questions.iter().map(|moves| question(&words, moves)).collect(),
        nevers: whatif.nevers.iter().map(|moves| never(&words, moves)).collect(),
    }
}

fn bound(bound: Bound) -> &'static str {
    match bound {
        Bound::Impossible => "no",
        Bound::Possible => "perhaps",
        Bound::Certain => "certain",
    }
}

fn never(words: &Words<'_>, moves: &NeverMoves) -> ToldNever {
    let entry = &words.ruleset.nevers[moves.never];
    let told = |way: &NeverWay| {
        let word = |(var, constant): &(crate::model::VarId, Option<Constant>)| {
            let shown =
                constant.as_ref().map_or_else(|| "not known".to_owned(), |constant| words.constant(constant));
            format!("{} = {shown}", entry.clause.vars[*var].name)
        };
        way.bindings.iter().map(word).collect::<Vec<_>>().join(", ")
    };
    // What is newly broken comes first, what is mended last.
    let mut groups: Vec<((Bound, Bound), Vec<String>)> = Vec::new();
    for way in &moves.ways {
        let key = (way.before, way.after);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, ways)) => ways.push(told(way)),
            None => groups.push((key, vec![told(way)])),
        }
    }
    groups.order_by_key(|((before, after), _)| (std::cmp::Reverse(*after), *before));
    ToldNever {
        name: entry.name.clone(),
        title: entry.title.clone(),
        place: words.span(entry.span),
        before: moves.before,
        after: moves.after,
        ways: groups.into_iter().map(|((before, after), ways)| (bound(before), bound(after), ways)).collect(),
    }
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Inside => "inside",
        Standing::Perhaps => "perhaps",
        Standing::Outside => "outside",
    }
}

fn question(words: &Words<'_>, moves: &QuestionMoves) -> ToldQuestion {
    let entry = &words.ruleset.questions[moves.question];
    let mut standings: Vec<(&'static str, &'static str, Vec<Vec<String>>)> = Vec::new();
    for (subject, before, after) in &moves.standings {
        let names = subject.iter().map(|name| words.constant(name)).collect();
        let (before, after) = (standing(*before), standing(*after));
        match standings.iter_mut().find(|(from, to, _)| (*from, *to) == (before, after)) {
            Some((_, _, all)) => all.push(names),
            None => standings.push((before, after, vec![names])),
        }
    }
    standings.order();
    let moving: std::collections::BTreeSet<_> =
        moves.lenses.iter().flat_map(|lens| &lens.moved).map(|moved| &moved.subject).collect();
    ToldQuestion {
        name: entry.name.clone(),
        slots: entry.slots.iter().map(|slot| slot.name.clone()).collect(),
        subjects: (moves.before, moves.after),
        moving: moving.len(),
        standings,
        lenses: moves.lenses.iter().map(|lens| told_lens(words, moves.question, lens)).collect(),
    }
}

fn told_lens(words: &Words<'_>, question: QuestionId, moves: &LensMoves) -> ToldLens {
    let lens = &words.ruleset.lenses[moves.lens];
    let mut groups: Vec<ToldGroup> = Vec::new();
    for moved in &moves.moved {
        let one = told_move(words, question, moves.lens, moved);
        let (before, after) = (&one.before.outcome, &one.after.outcome);
        match groups.iter_mut().find(|group| (&group.before, &group.after) == (before, after)) {
            Some(group) => group.moves.push(one),
            None => groups.push(ToldGroup { before: before.clone(), after: after.clone(), moves: vec![one] }),
        }
    }
    groups.order_by(|one, other| {
        let key = |group: &ToldGroup| {
            (std::cmp::Reverse(group.moves.len()), group.before.clone(), group.after.clone())
        };
        key(one).cmp(&key(other))
    });
    ToldLens { name: lens.name.clone(), title: lens.title.clone(), groups }
}

fn told_move(words: &Words<'_>, question: QuestionId, lens: LensId, moved: &Moved) -> ToldMove {
    let side = |side: &Side| ToldSide {
        standing: standing(side.standing),
        outcome: words.says(question, &side.says),
        sentence: side
            .story
            .as_ref()
            .map(|story| words.answer_on(question, &moved.subject, side.standing, story)),
        rows: side
            .rows
            .iter()
            .map(|(row, certain)| reason(words, question, (lens, *row), *certain))
            .collect(),
    };
    ToldMove {
        subject: moved.subject.iter().map(|name| words.constant(name)).collect(),
        before: side(&moved.before),
        after: side(&moved.after),
    }
}

fn reason(
    words: &Words<'_>,
    question: QuestionId,
    (lens, row): (LensId, RowId),
    certain: bool,
) -> ToldReason {
    let entry = &words.ruleset.lenses[lens].rows[row];
    ToldReason {
        label: words.label(lens, row),
        verdict: words.ruleset.questions[question].verdicts[entry.verdict].name.clone(),
        reason: entry.reason.clone(),
        place: words.span(entry.span),
        certain,
    }
}
