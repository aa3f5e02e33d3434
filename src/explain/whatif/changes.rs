//! Facts that somebody wants stated or taken away, as a change of the world; says where that cannot be.

use crate::base::article;
use crate::diag::{Code, Diagnostic, nearest};
use crate::explain::lookup::{Tuple, Want};
use crate::explain::moves::Move;
use crate::explain::run::Run;
use crate::explain::world::{Change, World};
use crate::facts::{MISSING, Origin};
use crate::model::{Constant, Fact, KindFact, ReadingPart, RelationId, Statements};

/// The change that leads to the world that is wanted, with warnings; or all that is wrong with it.
pub(super) fn change(
    world: &World<'_>,
    add: &Statements,
    remove: &Statements,
) -> Result<(Change, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut maker = Maker { world, change: Change::default(), errors: Vec::new(), warnings: Vec::new() };
    let gone = remove.facts.iter().map(|fact| maker.remove(fact)).collect::<Vec<_>>();
    for kind in &remove.kinds {
        maker.remove_kind(kind);
    }
    for fact in &add.facts {
        let back = remove.facts.iter().zip(&gone).find(|(other, was)| {
            (other.relation, &other.args, **was) == (fact.relation, &fact.args, Some(fact.maybe))
        });
        match back {
            Some((other, _)) => maker.errors.push(
                Diagnostic::new(
                    Code::TakenBack,
                    format!("`{}` is both added and taken away", maker.told(fact)),
                )
                .at(other.span, "taken away here")
                .at(fact.span, "added here")
                .help("leave one of the two out"),
            ),
            None => maker.add(fact),
        }
    }
    for kind in &add.kinds {
        maker.add_kind(kind, &remove.kinds);
    }
    if maker.errors.is_empty() { Ok((tidy(world, maker.change), maker.warnings)) } else { Err(maker.errors) }
}

/// Leaves out what comes to nothing.
fn tidy(world: &World<'_>, mut change: Change) -> Change {
    change.relations.retain(|_, delta| delta.added.iter().chain(&delta.removed).any(|set| !set.is_empty()));
    change.members.retain(|(kind, id), is| world.stated.members[*kind].contains(*id as usize) != *is);
    change
}

struct Maker<'m, 'w> {
    world: &'m World<'w>,
    change: Change,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl Maker<'_, '_> {
    fn ids(&self, fact: &Fact) -> Tuple {
        fact.args.iter().map(|arg| self.world.id(arg)).collect()
    }

    fn told(&self, fact: &Fact) -> String {
        let args: Vec<String> = fact.args.iter().map(shown).collect();
        self.sentence(fact.relation, &args)
    }

    fn sentence(&self, relation: RelationId, args: &[String]) -> String {
        let parts = self.world.ruleset.relations[relation].readings[0].parts.iter().map(|part| match part {
            ReadingPart::Word(word) => word.as_str(),
            ReadingPart::Slot(slot) => args[*slot].as_str(),
            ReadingPart::Verdict => "",
        });
        parts.collect::<Vec<_>>().join(" ")
    }

    /// What is stated of the key of an open relation.
    fn value_of_key(&self, relation: RelationId, tuple: &[u32], slot: usize) -> Option<Tuple> {
        let mut want: Vec<Want> = tuple.iter().map(|id| Want::Is(*id)).collect();
        want[slot] = Want::Any;
        let mut found = None;
        let run = Run::new(self.world, self.change.clone(), u64::MAX);
        let _ = run.stated(relation, &want, false, &mut |other| {
            found = Some(other.to_vec());
            Ok(())
        });
        found.filter(|tuple| tuple[slot] != MISSING)
    }

    /// Takes a fact away; hands back whether it was doubtful.
    fn remove(&mut self, fact: &Fact) -> Option<bool> {
        let tuple = self.ids(fact);
        let stated = self.world.state_of(&self.change, fact.relation, &tuple);
        let Some((_, maybe)) = stated.filter(|(_, maybe)| *maybe || !fact.maybe) else {
            let twice = self.world.state_of(&Change::default(), fact.relation, &tuple).is_some();
            let diagnostic = self.not_stated(fact, &tuple, stated.is_some(), twice);
            self.errors.push(diagnostic);
            return None;
        };
        match self.world.after(&self.change, &Move::Remove(fact.relation, tuple)) {
            Some(change) => self.change = change,
            None => self.too_many(fact),
        }
        Some(maybe)
    }

    fn not_stated(&self, fact: &Fact, tuple: &[u32], certain: bool, twice: bool) -> Diagnostic {
        let told = self.told(fact);
        let found = Diagnostic::new(Code::NotStated, format!("nobody states that `{told}`"));
        if certain {
            return found.at(fact.span, "it is stated for certain, not as `maybe`").help("leave `maybe` out");
        }
        if twice {
            return found.at(fact.span, "taken away a second time here").help("leave it out");
        }
        let want: Vec<Want> = tuple.iter().map(|id| Want::Is(*id)).collect();
        let mut follows = false;
        let run = Run::new(self.world, Change::default(), u64::MAX);
        let _ = run.tuples(fact.relation, &want, true, &mut |_| {
            follows = true;
            Ok(())
        });
        if follows {
            return found
                .at(fact.span, "it follows from rules")
                .help("take away a fact that it follows from");
        }
        let entry = &self.world.ruleset.relations[fact.relation];
        if let Some((slot, other)) =
            entry.open.and_then(|slot| Some((slot, self.value_of_key(fact.relation, tuple, slot)?)))
        {
            let mut args: Vec<String> = fact.args.iter().map(shown).collect();
            let value = self.world.constant(self.world.domain(fact.relation, slot), other[slot]);
            args[slot] = value.as_ref().map_or_else(|| "…".to_owned(), shown);
            return found
                .at(fact.span, "stated with another value")
                .help(format!("did you mean `{}`?", self.sentence(fact.relation, &args)));
        }
        for arg in &fact.args {
            let Constant::Thing(domain, name) = arg else { continue };
            let facts = &self.world.evaluation.dictionaries[*domain];
            let known = |id: u32| {
                let mut kinds = self.world.ruleset.kinds.iter_enumerated();
                kinds.any(|(kind, entry)| {
                    entry.domain == *domain && self.world.stated.members[kind].contains(id as usize)
                })
            };
            if !facts.find_name(name).is_some_and(known) {
                let all = (0..facts.len() as u32).filter(|id| known(*id)).map(|id| facts.name(id));
                let found = found.at(fact.span, format!("no fact names `{name}`"));
                return match nearest(name, all) {
                    Some(near) => found.help(format!("did you mean `{near}`?")),
                    None => found.help("name a fact as it is stated"),
                };
            }
        }
        found.at(fact.span, "not among the facts").help("name a fact as it is stated")
    }

    fn add(&mut self, fact: &Fact) {
        let tuple = self.ids(fact);
        let entry = &self.world.ruleset.relations[fact.relation];
        let stated = self.world.state_of(&self.change, fact.relation, &tuple);
        if let Some((_, maybe)) = stated.filter(|(_, maybe)| !maybe || fact.maybe) {
            let how = if maybe { "as doubtful" } else { "for certain" };
            self.warnings.push(
                Diagnostic::new(Code::StatedAlready, format!("`{}` is stated already", self.told(fact)))
                    .at(fact.span, format!("stated {how}, so nothing changes by this"))
                    .help("leave it out"),
            );
            return;
        }
        if self.world.ruleset.is_derived(fact.relation) {
            self.warnings.push(
                Diagnostic::new(
                    Code::RuledFact,
                    format!("`{}` otherwise follows from rules", self.told(fact)),
                )
                .at(fact.span, "stated here beside what they give")
                .at(entry.span, "declared here")
                .help("add the facts that it follows from to see what else they lead to"),
            );
        }
        let one = match entry.open {
            Some(slot) => {
                if let Some(other) = self.value_of_key(fact.relation, &tuple, slot) {
                    let mut args: Vec<String> = fact.args.iter().map(shown).collect();
                    let value = self.world.constant(self.world.domain(fact.relation, slot), other[slot]);
                    args[slot] = value.as_ref().map_or_else(|| "…".to_owned(), shown);
                    let old = self.sentence(fact.relation, &args);
                    self.errors.push(
                        Diagnostic::new(
                            Code::TwoValues,
                            format!("`{}` has another value already", self.told(fact)),
                        )
                        .at(fact.span, format!("stated is `{old}`"))
                        .at(entry.span, "each key of it has one value")
                        .help(format!("take the other away too, as in `--remove '{old}'`")),
                    );
                    return;
                }
                Move::Set(fact.relation, tuple.clone())
            }
            None => Move::Add(fact.relation, tuple.clone()),
        };
        let after = if fact.maybe {
            self.doubtful(fact.relation, &tuple)
        } else {
            self.world.after(&self.change, &one)
        };
        match after {
            Some(mut change) => {
                change.origins.insert((fact.relation, tuple), Origin::Text(fact.span));
                self.change = change;
            }
            None => self.too_many(fact),
        }
    }

    /// The world with one more doubtful fact: whom only such facts name is of the root kind there.
    fn doubtful(&self, relation: RelationId, tuple: &[u32]) -> Option<Change> {
        let mut next = self.change.clone();
        next.put(relation, tuple.to_vec(), true);
        for (slot, id) in self.world.ruleset.relations[relation].slots.iter().zip(tuple) {
            if let crate::model::Ty::Thing(kind) = slot.ty {
                self.world.join(&mut next, self.world.ruleset.kinds[kind].root, *id)?;
            }
        }
        Some(next)
    }

    fn kind_told(&self, kind: &KindFact) -> (String, u32) {
        let entry = &self.world.ruleset.kinds[kind.kind];
        let name = Constant::Thing(entry.domain, kind.name.clone());
        (format!("{} is {} {}", shown(&name), article(&entry.name), entry.name), self.world.id(&name))
    }

    fn add_kind(&mut self, kind: &KindFact, removed: &[KindFact]) {
        let (told, id) = self.kind_told(kind);
        if let Some(other) = removed.iter().find(|other| (other.kind, &other.name) == (kind.kind, &kind.name))
        {
            self.errors.push(
                Diagnostic::new(Code::TakenBack, format!("`{told}` is both added and taken away"))
                    .at(other.span, "taken away here")
                    .at(kind.span, "added here")
                    .help("leave one of the two out"),
            );
        } else if self.world.is_member(&self.change, kind.kind, id) {
            self.warnings.push(
                Diagnostic::new(Code::StatedAlready, format!("`{told}` is known already"))
                    .at(kind.span, "nothing changes by this")
                    .help("leave it out"),
            );
        } else if self.world.join(&mut self.change, kind.kind, id).is_none() {
            self.errors.push(too_many(kind.span));
        } else {
            self.change.outright.insert((kind.kind, id), true);
        }
    }

    fn remove_kind(&mut self, kind: &KindFact) {
        let (told, id) = self.kind_told(kind);
        let known = self.world.stated.outright[kind.kind].contains(id as usize);
        if self.change.outright.get(&(kind.kind, id)).copied().unwrap_or(known) {
            self.change.outright.insert((kind.kind, id), false);
            self.world.leave(&mut self.change, kind.kind, id);
        } else {
            self.errors.push(
                Diagnostic::new(Code::NotStated, format!("nobody states that `{told}`"))
                    .at(kind.span, "no text or table says so outright")
                    .help("where facts put it in that kind, take those away"),
            );
        }
    }

    fn too_many(&mut self, fact: &Fact) {
        self.errors.push(too_many(fact.span));
    }
}

fn too_many(span: crate::base::Span) -> Diagnostic {
    Diagnostic::new(Code::TooMany, "a new name brings too many keys whose value could be missing")
        .at(span, "named here")
        .help("declare sentences with `?` about fewer things at once")
}

/// A name or value as a sentence states it.
fn shown(constant: &Constant) -> String {
    match constant {
        Constant::Thing(_, name) => {
            let plain = name.chars().next().is_some_and(|c| c.is_alphabetic() && !c.is_uppercase())
                && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
            if plain { name.clone() } else { format!("\"{name}\"") }
        }
        Constant::Value(crate::value::Value::Text(text)) => format!("\"{text}\""),
        Constant::Value(value) => value.to_string(),
    }
}
