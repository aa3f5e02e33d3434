//! Proofs as trees of steps, in the words of the ruleset: no ids of one evaluation stand in them.

use crate::base::Span;
use crate::facts::Origin;
use crate::model::{
    AtomSource, Clause, Cond, Constant, KindId, LensId, QuestionId, RelationId, RowId, RuleId,
};
use crate::model::{Ruleset, VarId, VerdictId};
use crate::value::{Decimal, Value, ValueKind};

/// What a word of a body stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Held {
    /// Nothing in particular.
    Free,
    /// A value that nobody stated.
    Missing,
    /// This.
    Is(Constant),
}

/// Which body is met.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Claim {
    /// That of a row.
    Row(LensId, RowId),
    /// What a row asks before its `unless`.
    When(LensId, RowId),
    /// What a row's `unless` asks.
    Unless(LensId, RowId),
    /// That of a rule of a `define`.
    Rule(RuleId),
    /// The population of a question.
    Among(QuestionId),
}

impl Claim {
    /// The clause it is about; `None` where the ruleset has no such.
    pub fn clause(self, ruleset: &Ruleset) -> Option<Clause> {
        let row = |lens, row| {
            let rows = &ruleset.lenses.get(lens)?.rows;
            rows.get(row).map(|row| row.clause.clone())
        };
        match self {
            Self::Row(lens, id) => row(lens, id),
            Self::When(lens, id) => Some(Clause { unless: None, ..row(lens, id)? }),
            Self::Unless(lens, id) => {
                let clause = row(lens, id)?;
                Some(Clause { when: clause.unless?, unless: None, vars: clause.vars })
            }
            Self::Rule(rule) => ruleset.rules.get(rule).map(|rule| rule.clause.clone()),
            Self::Among(question) => ruleset.questions.get(question)?.among.clone(),
        }
    }
}

/// How a body is met.
#[derive(Clone, Debug)]
pub struct Derivation {
    /// The body.
    pub claim: Claim,
    /// Whether it is met for certain, or only possibly.
    pub certain: bool,
    /// What its words stand for.
    pub words: Vec<Held>,
    /// Its conditions, as they are written; of a choice the branch that is met.
    pub steps: Vec<Step>,
}

impl Derivation {
    /// What a word stands for.
    pub fn word(&self, var: VarId) -> &Held {
        self.words.get(var.0 as usize).unwrap_or(&Held::Free)
    }
}

/// One condition that is met.
#[derive(Clone, Debug)]
pub enum Step {
    /// Somebody stated it.
    Fact {
        /// The relation.
        relation: RelationId,
        /// What fills its slots; `None` for a value nobody stated.
        args: Vec<Option<Constant>>,
        /// Where.
        origin: Origin,
        /// Whether it is only possible.
        maybe: bool,
    },
    /// It follows by a rule.
    Derived {
        /// The relation.
        relation: RelationId,
        /// What fills its slots.
        args: Vec<Option<Constant>>,
        /// Whether it is only possible.
        maybe: bool,
        /// How; `None` where there were too many ways to look through, or where the kept value is not
        /// settled.
        by: Option<(RuleId, Box<Derivation>)>,
    },
    /// The thing is of the kind.
    Kind {
        /// The thing.
        thing: Constant,
        /// The kind.
        kind: KindId,
    },
    /// Nothing meets the condition.
    Nothing {
        /// The condition.
        cond: Box<Cond>,
        /// Whether it bars the body as a whole (`unless`).
        unless: bool,
        /// Whether nothing does for certain; else something perhaps does.
        certain: bool,
        /// Whether that is so because a calculation in it has no result.
        without: bool,
        /// Where it asks a value of which each thing has one at most: the fact that states another.
        instead: Option<Fact>,
    },
    /// Two sides compare so.
    Compare {
        /// The comparison.
        cond: Box<Cond>,
        /// One side.
        lhs: Amount,
        /// The other.
        rhs: Amount,
    },
    /// A word takes a value.
    Value {
        /// The condition.
        cond: Box<Cond>,
        /// The value.
        value: Amount,
    },
    /// A word has a value that somebody stated.
    Known {
        /// The word.
        var: VarId,
    },
    /// Lenses say so of somebody.
    Lenses {
        /// What was asked.
        asked: AtomSource,
        /// Of whom.
        subject: Vec<Constant>,
        /// What each of the lenses says.
        says: Vec<Through>,
    },
}

/// What another lens says, and how it comes to that.
#[derive(Clone, Debug)]
pub struct Through {
    /// The lens.
    pub lens: LensId,
    /// What it says.
    pub says: Says,
    /// The rows behind that.
    pub rows: Vec<Derivation>,
    /// Whether what holds where no row decides is behind it too.
    pub default: bool,
}

/// Open outcomes; one: settled.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Says {
    /// Verdicts, in order of declaration.
    pub verdicts: Vec<VerdictId>,
    /// Whether rows may contradict each other.
    pub conflict: bool,
    /// Whether no verdict may hold.
    pub none: bool,
}

impl Says {
    /// How many outcomes are open.
    pub fn len(&self) -> usize {
        self.verdicts.len() + usize::from(self.conflict) + usize::from(self.none)
    }

    /// Those outcomes that are not among others.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        let verdicts = self.verdicts.iter().filter(|verdict| !others.verdicts.contains(verdict));
        Self {
            verdicts: verdicts.copied().collect(),
            conflict: self.conflict && !others.conflict,
            none: self.none && !others.none,
        }
    }

    /// Whether no outcome is open, as of somebody outside the population.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The verdict, where that is all that is open.
    pub fn settled(&self) -> Option<VerdictId> {
        if self.len() == 1 { self.verdicts.first().copied() } else { None }
    }
}

/// What a calculation comes to.
#[derive(Clone, PartialEq, Debug)]
pub struct Amount {
    /// The least and the greatest it can be; equal where it is settled, `None` where it is not known.
    pub range: Option<(Constant, Constant)>,
    /// Whether there may be nothing to make it of.
    pub perhaps_nothing: bool,
    /// Whether it has no result, as a division by zero has none.
    pub without: bool,
    /// What was counted or added up, where it is one aggregate: how many, and the first of them.
    pub members: Option<(usize, Vec<Member>)>,
}

/// One of several that are counted or added up.
#[derive(Clone, PartialEq, Debug)]
pub struct Member {
    /// What stands for it.
    pub key: Vec<Option<Constant>>,
    /// Its value, where it has one that is not the key.
    pub value: Option<Value>,
}

/// A fact.
#[derive(Clone, Debug)]
pub struct Fact {
    /// The relation.
    pub relation: RelationId,
    /// What fills its slots; `None` for a value nobody stated.
    pub args: Vec<Option<Constant>>,
    /// Where it is stated; `None` where nobody did.
    pub origin: Option<Origin>,
    /// Whether it is only possible.
    pub maybe: bool,
}

/// One change of the facts.
#[derive(Clone, Debug)]
pub enum FactChange {
    /// Nobody states it any more.
    Remove(Fact),
    /// It is stated.
    Add(Fact),
    /// The value of its key is this one.
    Set(Fact),
    /// Nobody says outright any more that a thing of this name is of a kind.
    Leave(KindId, String),
    /// That is said outright.
    Join(KindId, String),
}

/// What the sides of a comparison come to.
#[derive(Clone, PartialEq, Debug)]
pub struct Sides {
    /// One side.
    pub left: Amount,
    /// The other.
    pub right: Amount,
    /// How far apart they are; where one may be several values, how far at least.
    pub gap: Option<Gap>,
}

/// How far a value is from another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gap {
    /// Of numbers.
    Number(Decimal),
    /// Of dates.
    Days(i64),
}

impl Gap {
    /// Whether the two are the same, as at a bound that must be passed.
    pub fn is_none(&self) -> bool {
        match self {
            Self::Number(gap) => *gap == Decimal::from(0),
            Self::Days(days) => *days == 0,
        }
    }
}

/// What a row lacks to match.
#[derive(Clone, Debug)]
pub struct WhyNot {
    /// The row.
    pub row: RowId,
    /// What its words stand for where the rest holds.
    pub words: Vec<Held>,
    /// Its conditions that hold.
    pub holds: Vec<Step>,
    /// Its conditions that do not; of a comparison also what its sides come to.
    pub fails: Vec<(Cond, Option<Sides>)>,
    /// Conditions on words that only a failing one would give a value: they cannot be asked yet.
    pub unasked: Vec<Cond>,
    /// What bars it (`unless`), where that is met, and whether it is met for certain.
    pub barred: Option<(Cond, bool)>,
    /// What stands behind that: of a `not` and of what bars it what is found all the same, of sentences about lenses
    /// what they say, of others what is only possible. The claims of these proofs are not theirs.
    pub against: Vec<(Cond, Derivation)>,
    /// Of sentences that nobody stated so, the one fact that states another value.
    pub instead: Vec<(Cond, Fact)>,
}

/// What an open answer hangs on.
#[derive(Clone, Debug)]
pub struct Open {
    /// The doubtful facts and missing values it was decided over.
    pub doubts: Vec<Fact>,
    /// Beside each the values it was tried with; none for a doubtful fact.
    pub tried: Vec<Vec<Constant>>,
    /// Whether all of them were; else there are too many.
    pub complete: bool,
    /// Whether missing values were tried with some values only: those at which rules change their mind.
    pub by_values: bool,
    /// What every way to fill the gaps comes to, where they agree.
    pub agreed: Option<Says>,
    /// All outcomes that some way comes to, where they do not agree and every way was looked at.
    pub reached: Option<Says>,
    /// What makes a difference, the most telling first.
    pub pivotal: Vec<Pivotal>,
    /// The fewest answers after which nothing is open, and what holds then.
    pub settling: Vec<(Vec<Answered>, Says)>,
    /// The places in it before which a value was tried that settles nothing.
    pub settling_gaps: Vec<usize>,
    /// Whether all answers were looked at that could be among these, or smaller; else the search stopped early.
    pub settling_complete: bool,
    /// Kinds of the missing values of which one that was not tried may come to something else, for what rules ask.
    pub rough: Vec<ValueKind>,
    /// Kinds of the missing values of which nothing is said beyond those tried: what rules ask comes again and again.
    pub endless: Vec<ValueKind>,
    /// Where in some ways nothing is evaluated, since something has no result then: the answers after which that is so by
    /// themselves, each with the condition that has none.
    pub without: Option<Vec<WithoutResult>>,
}

/// An answer after which something has no result.
#[derive(Clone, Debug)]
pub struct WithoutResult {
    /// The answer; of numbers or days tried one after the other the first.
    pub first: Answered,
    /// The last of these.
    pub last: Answered,
    /// The condition that has no result.
    pub at: Span,
}

/// Something not known that makes a difference.
#[derive(Clone, Debug)]
pub struct Pivotal {
    /// The fact.
    pub fact: Fact,
    /// In how many millionths of the ways in which what else is yes or no (doubtful facts, flags) may turn out it does
    /// for some values of what else is missing; `None` where there were too many to go through.
    pub share: Option<u64>,
    /// A way in which it does.
    pub shown: Option<Shown>,
    /// Of a missing value: things in its key that only doubtful facts name, which would cease with these.
    pub doubted: Vec<Constant>,
}

/// A way in which something not known makes a difference.
#[derive(Clone, Debug)]
pub struct Shown {
    /// How other things turn out in it; those left out may turn out either way.
    pub others: Vec<Answered>,
    /// Two ways in which it may turn out itself, after which something different is said.
    pub turns: [Answered; 2],
}

/// What turns out.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The fact.
    pub fact: Fact,
    /// Whether it holds.
    pub holds: bool,
}
