//! Every change that is named flips the outcome in the plain evaluator, and where none is named no
//! change of one fact does, by trying all.

use std::collections::BTreeSet;

use parallax::explain::{self, Coverage, FactChange};
use parallax::model::{
    Constant, Fact, KindFact, LensId, QuestionId, RelationId, RepeatRole, Ruleset, Statements, Ty,
};
use parallax::value::Value;

use super::{explained, kept, subjects};
use crate::generator::{Random, case};
use crate::oracle::{Out, answers};

/// The name of somebody a change brings in.
const NEWCOMER: &str = "somebody-new";

pub type Outcome = Option<BTreeSet<Out>>;

/// What lenses say of a subject in a world; nothing outside the population.
pub fn says(ruleset: &Ruleset, statements: &Statements, subject: &[Constant]) -> Vec<Outcome> {
    let parameters = ruleset.parameters.iter().filter_map(|parameter| parameter.value.clone()).collect();
    let found = answers(ruleset, statements, parameters);
    let of = |lens: LensId| found.lenses[&lens].get(subject).cloned();
    ruleset.lenses.ids().map(of).collect()
}

/// The facts after one more change.
fn change(ruleset: &Ruleset, statements: &Statements, one: &FactChange) -> Statements {
    let mut facts = statements.facts.clone();
    let fact = match one {
        FactChange::Remove(fact) | FactChange::Add(fact) | FactChange::Set(fact) => fact,
        FactChange::Leave(kind, name) | FactChange::Join(kind, name) => {
            let mut kinds = statements.kinds.clone();
            kinds.retain(|known| (known.kind, &known.name) != (*kind, name));
            if matches!(one, FactChange::Join(..)) {
                let span = ruleset.kinds[*kind].span;
                kinds.push(KindFact { kind: *kind, name: name.clone(), span });
            }
            return Statements { facts, kinds };
        }
    };
    let args: Vec<Constant> = fact.args.iter().flatten().cloned().collect();
    let slot = ruleset.relations[fact.relation].open;
    facts.retain(|known| {
        let same = known.relation == fact.relation
            && known.args.iter().zip(&args).enumerate().all(|(at, (a, b))| Some(at) == slot || a == b);
        !same
    });
    if !matches!(one, FactChange::Remove(_)) {
        let span = ruleset.questions[QuestionId(0)].span;
        facts.push(Fact { relation: fact.relation, args, maybe: false, span });
    }
    Statements { facts, kinds: statements.kinds.clone() }
}

/// All changes of one fact that are looked for: each stated fact taken away, each fact without values
/// stated of names at hand or of one that nothing has.
fn candidates(ruleset: &Ruleset) -> Vec<FactChange> {
    let stated = &ruleset.facts;
    let told = |relation: RelationId, args: &[Constant]| explain::Fact {
        relation,
        args: args.iter().cloned().map(Some).collect(),
        origin: None,
        maybe: false,
    };
    let known: BTreeSet<(RelationId, &[Constant])> =
        stated.facts.iter().map(|fact| (fact.relation, fact.args.as_slice())).collect();
    let mut out: Vec<FactChange> =
        known.iter().map(|(relation, args)| FactChange::Remove(told(*relation, args))).collect();
    let certain: BTreeSet<(RelationId, &[Constant])> = stated
        .facts
        .iter()
        .filter(|fact| !fact.maybe)
        .map(|fact| (fact.relation, fact.args.as_slice()))
        .collect();
    let may = |relation: RelationId| {
        let mut all = ruleset.repeats.iter().filter(|one| one.role == RepeatRole::Changeable).peekable();
        all.peek().is_none() || all.any(|one| one.relation == relation)
    };
    out.retain(|one| matches!(one, FactChange::Remove(fact) if may(fact.relation)));
    let named: BTreeSet<&Constant> = stated.facts.iter().flat_map(|fact| &fact.args).collect();
    for (relation, entry) in ruleset.relations.iter_enumerated() {
        let derived = ruleset.rules.iter().any(|rule| rule.relation == relation);
        if !may(relation)
            || entry.open.is_some()
            || derived
            || entry.slots.iter().any(|slot| matches!(slot.ty, Ty::Value(_)))
        {
            continue;
        }
        let mut ways: Vec<Vec<Constant>> = vec![Vec::new()];
        for slot in &entry.slots {
            let Ty::Thing(kind) = slot.ty else { continue };
            let domain = ruleset.kinds[kind].domain;
            let own =
                named.iter().filter(|name| matches!(name, Constant::Thing(other, _) if *other == domain));
            let new = Constant::Thing(domain, NEWCOMER.to_owned());
            let all: Vec<Constant> = own.map(|name| (*name).clone()).chain([new]).collect();
            ways = ways
                .iter()
                .flat_map(|way| all.iter().map(|name| [way.as_slice(), std::slice::from_ref(name)].concat()))
                .collect();
        }
        ways.retain(|args| !certain.contains(&(relation, args.as_slice())));
        out.extend(ways.iter().map(|args| FactChange::Add(told(relation, args))));
    }
    if ruleset.repeats.iter().any(|one| one.role == RepeatRole::Changeable) {
        return out;
    }
    out.extend(stated.kinds.iter().map(|known| FactChange::Leave(known.kind, known.name.clone())));
    for (kind, entry) in ruleset.kinds.iter_enumerated().filter(|(kind, entry)| entry.root != *kind) {
        let names = named.iter().filter_map(|name| match name {
            Constant::Thing(domain, name) if *domain == entry.domain => Some(name.clone()),
            Constant::Thing(..) | Constant::Value(_) => None,
        });
        let is_new =
            |name: &String| !stated.kinds.iter().any(|known| (known.kind, &known.name) == (kind, name));
        let names = names.chain([NEWCOMER.to_owned()]).filter(is_new);
        out.extend(names.map(|name| FactChange::Join(kind, name)));
    }
    out
}

/// All sets of so many of the first `len` places.
fn sets(len: usize, size: usize) -> Vec<Vec<usize>> {
    (0..size).fold(vec![Vec::new()], |sets, _| {
        let more = |set: &Vec<usize>| {
            let from = set.last().map_or(0, |last| last + 1);
            (from..len).map(|next| [set.as_slice(), &[next]].concat()).collect::<Vec<_>>()
        };
        sets.iter().flat_map(more).collect()
    })
}

/// A set of changes as something that can be compared.
pub fn key<'c>(
    changes: impl IntoIterator<Item = &'c FactChange>,
) -> BTreeSet<(u8, RelationId, Vec<Option<Constant>>)> {
    let text = |name: &String| Constant::Value(Value::Text(name.as_str().into()));
    let one = |change: &FactChange| match change {
        FactChange::Remove(fact) => (0, fact.relation, fact.args.clone()),
        FactChange::Add(fact) => (1, fact.relation, fact.args.clone()),
        FactChange::Set(fact) => (2, fact.relation, fact.args.clone()),
        FactChange::Leave(kind, name) => (3, RelationId(kind.0), vec![Some(text(name))]),
        FactChange::Join(kind, name) => (4, RelationId(kind.0), vec![Some(text(name))]),
    };
    changes.into_iter().map(one).collect()
}

/// The facts after changes.
pub fn after<'c>(ruleset: &Ruleset, changes: impl IntoIterator<Item = &'c FactChange>) -> Statements {
    changes.into_iter().fold(ruleset.facts.clone(), |facts, one| change(ruleset, &facts, one))
}

/// A small random world whose rows ask for several things, so that it takes several changes.
fn demanding(seed: u64, least: usize) -> String {
    let mut random = Random::new(seed + 77_777);
    let mut parts = vec![
        "t likes any a",
        "t shines",
        "t knows x and x shines",
        "not (t owns any b)",
        "t reaches y and y owns any c",
        "t owns d and t likes d",
        "count(e: t likes e) >= 2",
        "not (t reaches z and z shines)",
    ];
    let count = least + random.below(2);
    let chosen: Vec<&str> = (0..count).map(|_| parts.remove(random.below(parts.len()))).collect();
    let rows = format!("  yes-v when {}\n", chosen.join(" and "));
    let stated =
        ["ann likes pie", "ann shines", "bob shines", "bob owns pie", "ann owns rum", "bob knows ann"];
    let facts: String =
        stated.iter().filter(|_| random.below(100) < 20).map(|fact| format!("  {fact}\n")).collect();
    format!(
        "language 1\nkind T\nkind U\nrelation T lives\nrelation T likes U\nrelation a: T knows b: T\n\
         relation T shines\nrelation T owns U\nrelation a: T reaches b: T\n\
         define x reaches y when x knows y\ndefine x reaches y when x reaches z and z knows y\n\
         changeable T likes U\nchangeable a: T knows b: T\nchangeable T shines\nchangeable T owns U\n\
         question T is yes-v | no-v\n  among t lives\n\
         lens l0 {{\n  first match wins\n{rows}  otherwise no-v\n}}\n\
         facts {{\n  ann lives\n  bob likes pie\n{facts}}}\n"
    )
}

/// What was compared.
#[derive(Default)]
struct Seen {
    /// Sets named, by their size.
    named: [usize; 4],
    /// Answers of which it is said that nothing changes them.
    none: usize,
}

/// Holds the changes named for the first subjects of a world against all sets of changes up to a size.
fn held_against_all(text: &str, size: usize, most: usize, seen: &mut Seen) {
    kept(text, |ruleset, evaluation| {
        let lenses: Vec<_> = ruleset.lenses.ids().collect();
        let all = candidates(ruleset);
        for subject in subjects(ruleset, evaluation).into_iter().take(most) {
            let now = says(ruleset, &ruleset.facts, &subject);
            let explanation = explained(ruleset, evaluation, &subject, lenses.clone(), size);
            // Per lens the smallest sets that flip it, by trying all.
            let mut smallest: Vec<BTreeSet<_>> = vec![BTreeSet::new(); lenses.len()];
            let mut sizes = vec![0; lenses.len()];
            for tried in 1..=size {
                let open: Vec<usize> = (0..lenses.len()).filter(|at| smallest[*at].is_empty()).collect();
                if open.is_empty() {
                    break;
                }
                for set in sets(all.len(), tried) {
                    let changes = || set.iter().map(|at| &all[*at]);
                    if set.len() > 1
                        && key(changes()).iter().map(|(_, r, a)| (r, a)).collect::<BTreeSet<_>>().len()
                            < set.len()
                    {
                        continue;
                    }
                    let then = says(ruleset, &after(ruleset, changes()), &subject);
                    for at in &open {
                        if then[*at] != now[*at] {
                            smallest[*at].insert(key(changes()));
                            sizes[*at] = tried;
                        }
                    }
                }
            }
            for (at, story) in explanation.lenses.iter().enumerate() {
                let flips = story.flips.as_ref().expect("asked for");
                let said = || format!("{subject:?}, lens {at}\n{text}");
                for flip in &flips.found {
                    let then = says(ruleset, &after(ruleset, &flip.changes), &subject);
                    assert_ne!(then[at], now[at], "{flip:#?} changes nothing: {}", said());
                    assert_eq!(flip.changes.len(), flips.size, "{flip:#?}: {}", said());
                    assert!(
                        flips.coverage != Coverage::Whole
                            || sizes[at] == 0
                            || flip.changes.len() <= sizes[at],
                        "{flip:#?}, but fewer do: {:#?} {}",
                        smallest[at],
                        said()
                    );
                    for gone in 0..flip.changes.len() {
                        let rest = flip.changes.iter().enumerate().filter(|(other, _)| *other != gone);
                        let then = says(ruleset, &after(ruleset, rest.map(|(_, one)| one)), &subject);
                        assert_eq!(then[at], now[at], "{flip:#?} is more than it takes: {}", said());
                    }
                    seen.named[flips.size] += 1;
                }
                let named: BTreeSet<_> = flips.found.iter().map(|flip| key(&flip.changes)).collect();
                if flips.coverage == Coverage::Whole
                    && flips.unnamed == 0
                    && (flips.found.is_empty() || flips.size == sizes[at])
                {
                    seen.none += usize::from(flips.found.is_empty());
                    let missed: Vec<_> = smallest[at].difference(&named).collect();
                    assert!(missed.is_empty(), "{missed:#?} missed: {}", said());
                }
            }
        }
    });
}

#[test]
fn changes_flip_and_none_is_missed() {
    let mut seen = Seen::default();
    for seed in 0..8 {
        held_against_all(&case(seed).text, 1, 1, &mut seen);
    }
    assert!(seen.named[1] > 20, "{:?}, {} without", seen.named, seen.none);
}

#[test]
fn pairs_of_changes_are_the_smallest_and_none_is_missed() {
    let mut seen = Seen::default();
    for seed in 0..40 {
        held_against_all(&demanding(seed, 2), 2, 1, &mut seen);
    }
    assert!(seen.named[2] > 10, "{:?}, {} without", seen.named, seen.none);
}

#[test]
fn three_changes_are_the_smallest_and_none_is_missed() {
    let mut seen = Seen::default();
    for seed in 100..112 {
        held_against_all(&demanding(seed, 3), 3, 1, &mut seen);
    }
    assert!(seen.named[3] > 5, "{:?}, {} without", seen.named, seen.none);
}
