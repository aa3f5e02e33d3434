//! What the engine runs: conditions as steps over a frame of ids, one place per variable.

use std::sync::{Arc, Mutex};

use super::all_but::Groups;
use super::results::Results;
use super::table::Index;
use crate::base::BitSet;
use crate::builtin::{AggregateKind, Builtin};
use crate::model::AtomSource;
use crate::value::{DomainError, Value};

/// Conditions that must all hold, in the order they are tried.
#[derive(Debug, Default)]
pub struct Conjunction {
    /// The steps.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug)]
pub enum Step {
    /// Narrow an atom's rows by places that have their value already.
    Seek {
        /// The atom, as a place in `Program::atoms`.
        atom: usize,
        /// First level.
        from: usize,
        /// Past the last level.
        to: usize,
    },
    /// Give a variable each id that all these atoms allow, taken from the one with fewest rows.
    Extend {
        /// The variable.
        var: usize,
        /// Atoms with the levels at which it stands.
        atoms: Vec<(usize, usize, usize)>,
    },
    /// Give a variable each member of a kind.
    Members {
        /// The variable.
        var: usize,
        /// The members.
        members: Arc<BitSet>,
    },
    /// The id is a member of a kind.
    Member {
        /// The id.
        term: Place,
        /// The members.
        members: Arc<BitSet>,
    },
    /// Two things are the same (or not).
    Same {
        /// One.
        left: Place,
        /// The other.
        right: Place,
        /// Whether they must be the same.
        equal: bool,
    },
    /// Two values compare so.
    Compare {
        /// One side.
        left: Calculation,
        /// How.
        op: Comparison,
        /// The other side.
        right: Calculation,
        /// Whether what could hold counts: a missing value compares with anything.
        possible: bool,
    },
    /// A variable has a value that is not missing.
    Stated(usize),
    /// A variable joins with another one, which may be missing: it takes the stated value of the two,
    /// and where both are stated they must be equal.
    Join {
        /// The variable.
        var: usize,
        /// The other one.
        from: usize,
        /// Whether it has no value yet.
        fresh: bool,
    },
    /// Narrow an atom's rows, which lie in the order of a column's values, to those whose value compares so.
    Within(Within),
    /// A variable takes a value.
    Assign {
        /// The variable.
        var: usize,
        /// The domain of the value.
        domain: usize,
        /// The value.
        value: Calculation,
        /// Whether what could hold counts.
        possible: bool,
    },
    /// A variable takes the id that a worked-out value has already; a calculation without a result ends the
    /// search.
    Find {
        /// The variable.
        var: usize,
        /// The domain of the value.
        domain: usize,
        /// The value, which cannot be missing.
        value: Calculation,
    },
    /// Works out a value for each way, to be handed on with it; the last step of a program.
    Yield(Calculation),
    /// No way to meet these.
    Not {
        /// What must not be met.
        inner: Conjunction,
        /// Whether they read anything doubtful.
        doubtful: bool,
    },
    /// Some way to meet these; what they name is not needed outside.
    Exists(Conjunction),
    /// Some way to meet one of these.
    AnyOf(Vec<Conjunction>),
    /// Go on with every way to meet one of these.
    Branch(Vec<Conjunction>),
}

/// Rows of an atom that lie in the order of the values at a level, missing ones at an end.
#[derive(Debug)]
pub struct Within {
    /// The atom.
    pub atom: usize,
    /// The level.
    pub level: usize,
    /// The variable that stands there.
    pub var: usize,
    /// The domain of its values.
    pub domain: usize,
    /// What the values must be; those the last rows meet before those the first do.
    pub tests: Vec<Bound>,
    /// Variables at further levels each id of which has one row of those that agree on all levels before this one.
    pub keys: Vec<usize>,
    /// Whether what could hold counts: a missing value compares with anything.
    pub possible: bool,
    /// Whether the value must not be missing itself.
    pub stated: bool,
}

/// A comparison that holds for all values from one on, or up to one.
#[derive(Debug)]
pub struct Bound {
    /// One side.
    pub left: Calculation,
    /// How.
    pub op: Comparison,
    /// The other side.
    pub right: Calculation,
    /// Whether it holds for all values from one on.
    pub rising: bool,
}

/// Where an id comes from.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// A variable.
    Var(usize),
    /// Always this.
    Id(u32),
}

/// How values are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
    /// Less.
    Less,
    /// At most.
    AtMost,
    /// Greater.
    Greater,
    /// At least.
    AtLeast,
}

impl Comparison {
    /// How the right side compares with the left.
    #[must_use]
    pub fn turned(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::AtMost => Self::AtLeast,
            Self::Greater => Self::Less,
            Self::AtLeast => Self::AtMost,
        }
    }
}

/// A calculation over values.
#[derive(Clone, Debug)]
pub enum Calculation {
    /// The value of a variable of a domain.
    Var {
        /// The variable.
        var: usize,
        /// Its domain.
        domain: usize,
    },
    /// A value.
    Value(Value),
    /// `-x`
    Negate(Box<Calculation>),
    /// `x + y`
    Add(Box<Calculation>, Box<Calculation>),
    /// `x - y`
    Subtract(Box<Calculation>, Box<Calculation>),
    /// `x * y`
    Multiply(Box<Calculation>, Box<Calculation>),
    /// `x / y`
    Divide(Box<Calculation>, Box<Calculation>),
    /// `x ^ y`
    Power(Box<Calculation>, Box<Calculation>),
    /// A function.
    Call(&'static Builtin, Vec<Calculation>),
    /// One value made of several.
    Aggregate(Arc<AggregatePlan>),
    /// Days from the second date to the first.
    Days(Box<Calculation>, Box<Calculation>),
    /// A date moved by days (0), months (1) or years (2), forward or back.
    Shift {
        /// The date.
        date: Box<Calculation>,
        /// How many units.
        amount: Box<Calculation>,
        /// 0 days, 1 months, 2 years.
        unit: u8,
        /// Whether it moves back.
        back: bool,
    },
}

/// The aggregate that is compared with a constant, how it compares with it as the left side, and the constant; `None` where
/// two sides are anything else.
pub(super) fn figure_beside<'p>(
    left: &'p Calculation,
    op: Comparison,
    right: &'p Calculation,
) -> Option<(&'p AggregatePlan, Comparison, &'p Value)> {
    match (left, right) {
        (Calculation::Aggregate(plan), Calculation::Value(constant)) => Some((plan, op, constant)),
        (Calculation::Value(constant), Calculation::Aggregate(plan)) => Some((plan, op.turned(), constant)),
        _ => None,
    }
}

impl Calculation {
    /// Calls `visit` with it and all parts of it, aggregates' own left out.
    pub fn each(&self, visit: &mut dyn FnMut(&Calculation)) {
        visit(self);
        match self {
            Self::Var { .. } | Self::Value(_) | Self::Aggregate(_) => {}
            Self::Negate(inner) => inner.each(visit),
            Self::Add(left, right)
            | Self::Subtract(left, right)
            | Self::Multiply(left, right)
            | Self::Divide(left, right)
            | Self::Power(left, right)
            | Self::Days(left, right)
            | Self::Shift { date: left, amount: right, .. } => {
                left.each(visit);
                right.each(visit);
            }
            Self::Call(_, args) => args.iter().for_each(|arg| arg.each(visit)),
        }
    }
}

impl Calculation {
    /// The same step with other operands, made of its own one after the other; `None` where one of them cannot be made, or
    /// where it has none.
    pub(super) fn with_operands(&self, make: &mut dyn FnMut(&Self) -> Option<Self>) -> Option<Self> {
        let mut own = |inner: &Self| make(inner).map(Box::new);
        Some(match self {
            Self::Var { .. } | Self::Value(_) | Self::Aggregate(_) => return None,
            Self::Negate(x) => Self::Negate(own(x)?),
            Self::Add(x, y) => Self::Add(own(x)?, own(y)?),
            Self::Subtract(x, y) => Self::Subtract(own(x)?, own(y)?),
            Self::Multiply(x, y) => Self::Multiply(own(x)?, own(y)?),
            Self::Divide(x, y) => Self::Divide(own(x)?, own(y)?),
            Self::Power(x, y) => Self::Power(own(x)?, own(y)?),
            Self::Days(x, y) => Self::Days(own(x)?, own(y)?),
            Self::Shift { date, amount, unit, back } => {
                Self::Shift { date: own(date)?, amount: own(amount)?, unit: *unit, back: *back }
            }
            Self::Call(function, args) => {
                Self::Call(function, args.iter().map(&mut *make).collect::<Option<Vec<Self>>>()?)
            }
        })
    }

    /// Whether it works out the same as another one, whatever their variables are called; neither aggregates.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let all =
            |ours: &[&Self], theirs: &[&Self]| ours.iter().zip(theirs).all(|(our, their)| our.is_like(their));
        match (self, other) {
            (Self::Var { domain, .. }, Self::Var { domain: other, .. }) => domain == other,
            (Self::Value(value), Self::Value(other)) => value == other,
            (Self::Negate(x), Self::Negate(y)) => x.is_like(y),
            (Self::Add(a, b), Self::Add(x, y))
            | (Self::Subtract(a, b), Self::Subtract(x, y))
            | (Self::Multiply(a, b), Self::Multiply(x, y))
            | (Self::Divide(a, b), Self::Divide(x, y))
            | (Self::Power(a, b), Self::Power(x, y))
            | (Self::Days(a, b), Self::Days(x, y)) => all(&[a, b], &[x, y]),
            (Self::Call(function, ours), Self::Call(other, theirs)) => {
                function == other
                    && ours.len() == theirs.len()
                    && ours.iter().zip(theirs).all(|(our, their)| our.is_like(their))
            }
            (
                Self::Shift { date: a, amount: b, unit, back },
                Self::Shift { date: x, amount: y, unit: other_unit, back: other_back },
            ) => unit == other_unit && back == other_back && all(&[a, b], &[x, y]),
            _ => false,
        }
    }
}

/// An aggregate over the ways to meet conditions; of the frame it reads `outer`.
#[derive(Debug)]
pub struct AggregatePlan {
    /// Which.
    pub kind: AggregateKind,
    /// The certain ways.
    pub certain: Conjunction,
    /// The possible ways, where they may be more.
    pub possible: Option<Conjunction>,
    /// The variables of which each combination counts once; whether each stands for a value.
    pub keys: Vec<(usize, bool)>,
    /// What is aggregated.
    pub value: Calculation,
    /// How much each combination counts; 1 where nothing is said.
    pub weight: Option<Calculation>,
    /// The variables from outside.
    pub outer: Vec<usize>,
    /// What came out for the ids of the outer variables, where the same come up again.
    pub known: Known,
    /// The same over all members of a group, where what is about one thing of it is left out each time.
    pub all_but: Option<AllBut>,
}

/// An aggregate without the condition that what a member is about must be another thing than one outside.
#[derive(Debug)]
pub struct AllBut {
    /// The certain ways.
    pub certain: Conjunction,
    /// The possible ways, where they may be more.
    pub possible: Option<Conjunction>,
    /// What a member is about.
    pub own: usize,
    /// The variable from outside that it must not be.
    pub outside: usize,
    /// All others from outside.
    pub outer: Vec<usize>,
    /// The groups gone through.
    pub groups: Groups,
}

/// What tells an aggregate of a program from the others.
pub(super) fn address(plan: &AggregatePlan) -> usize {
    std::ptr::from_ref(plan).addr()
}

/// Results of an aggregate that are kept.
#[derive(Debug)]
pub enum Known {
    /// None: each comes up once.
    Nothing,
    /// The only one.
    One(Mutex<Option<Result<Computed, DomainError>>>),
    /// By the ids of the outer variables.
    Some(Arc<Results>),
}

/// What a calculation comes to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Computed {
    /// A value.
    Value(Value),
    /// Something between two values, or perhaps nothing.
    Between {
        /// The least it can be.
        low: Value,
        /// The greatest it can be.
        high: Value,
        /// Whether there may be nothing.
        perhaps_nothing: bool,
    },
    /// A value nobody stated, or worked out from such.
    Missing,
    /// The same, or nothing: worked out from what may be nothing.
    PerhapsMissing,
    /// The aggregate of nothing.
    Nothing,
}

/// An atom: rows of an index, narrowed level by level.
#[derive(Debug)]
pub struct AtomPlan {
    /// Whose rows they are, for those who describe the program.
    pub source: AtomSource,
    /// The rows.
    pub index: Arc<Index>,
    /// What stands at each level.
    pub levels: Vec<Place>,
    /// Where its ranges stand in the frame: one per level and one before.
    pub ranges: usize,
    /// The columns of its table, in the order of the levels.
    pub columns: Vec<usize>,
    /// Whether its rows are narrowed before the first level.
    pub narrowed: bool,
}

impl AtomPlan {
    /// Whether its levels are the columns of its table in their own order.
    pub fn in_order(&self) -> bool {
        self.columns.windows(2).all(|pair| pair[0] < pair[1])
    }
}

/// A compiled body.
#[derive(Debug)]
pub struct Program {
    /// The conditions.
    pub body: Conjunction,
    /// All atoms, those of inner conjunctions included.
    pub atoms: Vec<AtomPlan>,
    /// The number of variables.
    pub vars: usize,
    /// The number of ranges.
    pub ranges: usize,
    /// The atom that holds the subjects, where they are sought with the rest.
    pub subjects: Option<usize>,
}
