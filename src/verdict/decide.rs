//! From matching rows to outcomes. Open is every outcome that the policy gives when each possible
//! row, for itself, matches or not.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use rustc_hash::FxBuildHasher;

use super::by_bits::Open;
use super::evaluate::Bounds;
use super::exclusive::Apart;
use super::said::{Planes, Said, places};
use super::stops::Stop;
use super::{LensColumn, Outcome, OutcomeSet, RowMatches, VerdictTable};
use crate::base::parallel::each_part_mut;
use crate::base::{BitSet, Idx, IndexVec, Span, gathered};
use crate::diag::{Code, Diagnostic};
use crate::engine::planted::{Bug, planted};
use crate::engine::{Sorted, Table};
use crate::model::{
    AtomSource, Lens, LensId, Otherwise, ParameterId, Policy, QuestionId, RowId, Ruleset, VarId, VerdictId,
};
use crate::plan::Subjects;
use crate::value::Value;

/// The subjects of one question with what the lenses say of them so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Classes {
    /// The subjects, a column per slot, ascending.
    pub subjects: Vec<Arc<Vec<u32>>>,
    /// The same as a table.
    pub table: OnceLock<Arc<Table>>,
    pub perhaps: BitSet,
    pub lenses: BTreeMap<LensId, LensColumn>,
    /// What lenses say outcome by outcome, once somebody asks.
    pub planes: BTreeMap<LensId, OnceLock<Arc<Planes>>>,
    pub outcomes: Vec<OutcomeSet>,
    /// The places of `outcomes`.
    pub codes: HashMap<OutcomeSet, u16, FxBuildHasher>,
    /// Without `among`: whom the rows of each lens match, until the population is known.
    pub open: BTreeMap<LensId, OpenLens>,
}

/// More different sets of open outcomes than codes can tell apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct TooMany;

impl TooMany {
    /// The error, at the lens that met it.
    pub fn at(lens: Span) -> Stop {
        let diagnostic = Diagnostic::new(
            Code::NotYet,
            "doubtful facts leave too many different sets of verdicts open for this version",
        );
        Stop::Other(Box::new(
            diagnostic
                .at(lens, format!("more than {} of them, up to here", u32::from(u16::MAX) + 1))
                .help("state some of the facts without `maybe`, or ask of fewer verdicts"),
        ))
    }
}

/// Words of bits that a thread settles at a time.
pub(super) const WORDS: usize = 512;

/// What holds where no row decides.
enum Default<'c> {
    /// The same for all.
    All(u16),
    /// What another lens says.
    Of(&'c [u16]),
}

/// Per row the tuples it matches certainly, and possibly.
pub(super) type RowTuples = Vec<(Sorted, Sorted)>;

/// A lens of a question without `among`, over whom its own rows match.
#[derive(Clone, Debug)]
pub(super) struct OpenLens {
    /// Per row the tuples it matches certainly and possibly, sorted.
    pub rows: RowTuples,
    /// What its rows alone say.
    pub local: Box<Classes>,
}

impl Classes {
    pub fn len(&self) -> usize {
        self.subjects.first().map_or(0, |column| column.len())
    }

    /// The subjects as a table.
    pub fn as_table(&self) -> &Arc<Table> {
        self.table.get_or_init(|| Arc::new(Table::of(self.subjects.clone())))
    }

    /// The subjects as they are sought: of each its words, which are the first variables.
    pub fn asked(&self) -> Subjects {
        let vars = (0..self.subjects.len()).map(VarId::from_usize).collect();
        Subjects { table: Arc::clone(self.as_table()), vars }
    }

    /// What a lens says outcome by outcome; `None` where it is not settled.
    pub fn planes(&self, lens: LensId) -> Option<Arc<Planes>> {
        let column = self.lenses.get(&lens)?;
        let planes = self.planes.get(&lens)?;
        Some(Arc::clone(planes.get_or_init(|| Arc::new(Planes::of(&column.codes, &self.outcomes)))))
    }

    fn outcome(&self, lens: LensId, subject: usize) -> OutcomeSet {
        self.lenses
            .get(&lens)
            .map_or(OutcomeSet::EMPTY, |column| self.outcomes[column.codes[subject] as usize])
    }

    /// Whom at least `needed` of the lenses give the verdict.
    pub fn verdict(&self, lenses: &[LensId], verdict: VerdictId, needed: usize) -> Bounds {
        if let (Some(first), true) = (lenses.first(), self.lenses.is_empty()) {
            return self.open_verdict(lenses, *first, verdict, needed);
        }
        self.pick(&Said::votes(self, lenses, verdict, needed))
    }

    /// Which subjects an atom about what lenses say holds for; `None` where it is about something else.
    pub fn said(&self, source: &AtomSource, possible: bool) -> Option<BitSet> {
        let said = match source {
            AtomSource::Relation(_) => return None,
            AtomSource::Verdict { verdict, needed, lenses, .. } => {
                Said::votes(self, lenses, *verdict, *needed as usize)
            }
            AtomSource::Disagree { left, right, .. } => Said::differ(self, *left, *right),
        };
        Some(said.subjects(self.len(), &self.perhaps, possible))
    }

    /// Without `among`, each lens is asked over whom its own rows match.
    fn open_verdict(&self, lenses: &[LensId], first: LensId, verdict: VerdictId, needed: usize) -> Bounds {
        let arity = self.open.get(&first).map_or(1, |open| open.local.subjects.len().max(1));
        let mut votes: BTreeMap<Vec<u32>, (usize, usize)> = BTreeMap::new();
        for lens in lenses {
            let Some(open) = self.open.get(lens) else { continue };
            let alone = open.local.verdict(&[*lens], verdict, 1);
            for (possible, table) in [(false, alone.get(false)), (true, alone.get(true))] {
                for row in 0..table.len() {
                    let tuple: Vec<u32> = table.columns().iter().map(|column| column[row]).collect();
                    let vote = votes.entry(tuple).or_default();
                    if possible { vote.1 += 1 } else { vote.0 += 1 }
                }
            }
        }
        let rows = |enough: &dyn Fn(&(usize, usize)) -> bool| {
            let data: Vec<u32> = votes
                .iter()
                .filter(|(_, vote)| enough(vote))
                .flat_map(|(tuple, _)| tuple.iter().copied())
                .collect();
            Arc::new(Table::from_rows(arity, &data))
        };
        let fewer = usize::from(planted(Bug::OneFewer));
        let certain = rows(&|vote| vote.0 + fewer >= needed);
        let possible = rows(&|vote| vote.1 + fewer >= needed);
        let same = certain.len() == possible.len();
        Bounds::of_things(certain, (!same).then_some(possible))
    }

    /// On whom two lenses disagree.
    pub fn disagreement(&self, left: LensId, right: LensId) -> Bounds {
        self.pick(&Said::differ(self, left, right))
    }

    /// The subjects of which it is said, certainly and possibly.
    fn pick(&self, said: &Said) -> Bounds {
        let places = |possible: bool| places(&said.subjects(self.len(), &self.perhaps, possible));
        let rows = |picked: &[u32]| {
            let columns = self.subjects.iter().map(|column| gathered(column, picked)).collect();
            Arc::new(Table::sorted(columns))
        };
        let sure = places(false);
        // Where everything is settled, what is possible is certain.
        let settled = self.outcomes.iter().all(|set| set.settled().is_some());
        if settled && self.perhaps.iter().next().is_none() {
            return Bounds::of_things(rows(&sure), None);
        }
        let all = places(true);
        let same = sure == all;
        Bounds::of_things(rows(&sure), (!same).then(|| rows(&all)))
    }

    /// Settles a lens over all subjects and keeps its column.
    pub fn settle(
        &mut self,
        id: LensId,
        lens: &Lens,
        apart: &Apart,
        rows: IndexVec<RowId, RowMatches>,
    ) -> Result<(), TooMany> {
        let doubtful = rows.iter().any(|row| row.possible.is_some());
        let codes = if !doubtful && lens.policy == Policy::FirstMatch {
            self.first_match(lens, &rows)?
        } else {
            self.by_matches(lens, apart, &rows)?
        };
        self.lenses.insert(id, LensColumn { lens: id, codes, rows });
        self.planes.insert(id, OnceLock::new());
        Ok(())
    }

    /// What holds for a subject that no row decides, as a code: one for all, or another lens's.
    fn default(&mut self, lens: &Lens) -> Result<Default<'_>, TooMany> {
        let outcome = match lens.otherwise {
            Otherwise::Verdict(verdict, _) => Outcome::Verdict(verdict),
            Otherwise::Nothing => Outcome::None,
            Otherwise::As(other, _) => {
                return Ok(self
                    .lenses
                    .get(&other)
                    .map_or(Default::All(0), |column| Default::Of(&column.codes)));
            }
        };
        Ok(Default::All(self.code_of(OutcomeSet::only(outcome)).ok_or(TooMany)?))
    }

    /// The first matching row decides, and which rows match is certain.
    fn first_match(&mut self, lens: &Lens, rows: &IndexVec<RowId, RowMatches>) -> Result<Vec<u16>, TooMany> {
        let mut given = Vec::with_capacity(rows.len());
        for row in &lens.rows {
            let set = OutcomeSet::only(Outcome::Verdict(row.verdict));
            given.push(self.code_of(set).ok_or(TooMany)?);
        }
        let count = self.len();
        let mut codes = match self.default(lens)? {
            Default::All(code) => vec![code; count],
            Default::Of(codes) => codes.to_vec(),
        };
        let last = planted(Bug::LastMatch);
        // Each thread has its own words, and the codes of their subjects.
        each_part_mut(&mut codes, WORDS * 64, |chunk, codes| {
            for (at, codes) in codes.chunks_mut(64).enumerate() {
                let mut left = u64::MAX;
                for (row, code) in rows.iter().zip(&given) {
                    let word = row.certain.words()[chunk * WORDS + at];
                    let mut taken = left & word;
                    if !last {
                        left &= !word;
                    }
                    while taken != 0 {
                        codes[taken.trailing_zeros() as usize] = *code;
                        taken &= taken - 1;
                    }
                }
            }
        });
        Ok(codes)
    }

    /// What follows from which rows match certainly and possibly.
    fn by_matches(
        &mut self,
        lens: &Lens,
        apart: &Apart,
        rows: &IndexVec<RowId, RowMatches>,
    ) -> Result<Vec<u16>, TooMany> {
        let default = match lens.otherwise {
            Otherwise::Verdict(verdict, _) => Ok(Outcome::Verdict(verdict)),
            Otherwise::Nothing => Ok(Outcome::None),
            Otherwise::As(other, _) => Err(other),
        };
        if let Some(open) = Open::of(lens, apart, rows, self.len()) {
            return self.coded(&open, default);
        }
        let decided = decide(lens, apart, rows, self.len());
        let mut codes = vec![0_u16; self.len()];
        let mut last = None;
        for (subject, (rows, open)) in decided.into_iter().enumerate() {
            let set = match (open, default) {
                (true, Ok(default)) => rows.with(default),
                (true, Err(other)) => rows.union(self.outcome(other, subject)),
                (false, _) => rows,
            };
            let code = match last {
                Some((same, code)) if same == set => code,
                _ => self.code_of(set).ok_or(TooMany)?,
            };
            last = Some((set, code));
            codes[subject] = code;
        }
        Ok(codes)
    }

    /// Codes of what rows leave open; where no row decides, an outcome holds or what another lens says.
    fn coded(&mut self, open: &Open, default: Result<Outcome, LensId>) -> Result<Vec<u16>, TooMany> {
        // Of a set that hangs on the other lens there is no code.
        let mut known: Vec<Option<u16>> = vec![None; Open::SETS];
        for set in &open.seen {
            let (rows, is_open) = open.outcomes(*set);
            let outcomes = match default {
                Err(_) if is_open => continue,
                Ok(default) if is_open => rows.with(default),
                _ => rows,
            };
            known[usize::from(*set)] = Some(self.code_of(outcomes).ok_or(TooMany)?);
        }
        let Err(other) = default else {
            let code = |set: &u16| known[usize::from(*set)].ok_or(TooMany);
            return open.sets.par_iter().with_min_len(WORDS * 64).map(code).collect();
        };
        let others: Option<Vec<u16>> = self.lenses.get(&other).map(|column| column.codes.clone());
        let mut both: HashMap<(u16, Option<u16>), u16, FxBuildHasher> = HashMap::default();
        let mut code = |(subject, set): (usize, &u16)| {
            if let Some(code) = known[usize::from(*set)] {
                return Ok(code);
            }
            let other = others.as_ref().map(|codes| codes[subject]);
            if let Some(code) = both.get(&(*set, other)) {
                return Ok(*code);
            }
            let other_outcomes = other.map_or(OutcomeSet::EMPTY, |code| self.outcomes[usize::from(code)]);
            let outcomes = open.outcomes(*set).0.union(other_outcomes);
            let code = self.code_of(outcomes).ok_or(TooMany)?;
            both.insert((*set, other), code);
            Ok(code)
        };
        open.sets.iter().enumerate().map(&mut code).collect()
    }

    /// The place of an outcome set among those seen, added where new; `None` where places run out.
    fn code_of(&mut self, set: OutcomeSet) -> Option<u16> {
        if let Some(code) = self.codes.get(&set) {
            return Some(*code);
        }
        let code = u16::try_from(self.outcomes.len()).ok()?;
        self.outcomes.push(set);
        self.codes.insert(set, code);
        Some(code)
    }

    /// What lenses say of the subjects, for which this is used up.
    pub fn into_table(self, question: QuestionId) -> VerdictTable {
        VerdictTable {
            question,
            subjects: self.subjects,
            perhaps: self.perhaps,
            lenses: self.lenses.into_values().collect(),
            outcomes: self.outcomes,
        }
    }
}

/// Per subject the open outcomes that rows give, and whether the default is open too.
fn decide(
    lens: &Lens,
    apart: &Apart,
    rows: &IndexVec<RowId, RowMatches>,
    subjects: usize,
) -> Vec<(OutcomeSet, bool)> {
    // Which rows match a subject, as bits: all certain ones, then all possible ones.
    let half = lens.rows.len().div_ceil(64);
    let mut seen: HashMap<Vec<u64>, (OutcomeSet, bool), FxBuildHasher> = HashMap::default();
    let mut keys = vec![0_u64; 64 * 2 * half];
    let mut out = Vec::with_capacity(subjects);
    for word in 0..subjects.div_ceil(64) {
        keys.fill(0);
        for (row, matches) in rows.iter().enumerate() {
            for (at, bits) in [(0, &matches.certain), (half, matches.possible())] {
                let mut left = bits.words()[word];
                while left != 0 {
                    let subject = left.trailing_zeros() as usize;
                    keys[subject * 2 * half + at + row / 64] |= 1 << (row % 64);
                    left &= left - 1;
                }
            }
        }
        for subject in 0..(subjects - word * 64).min(64) {
            let key = &keys[subject * 2 * half..(subject + 1) * 2 * half];
            let decided = seen.get(key).copied().unwrap_or_else(|| {
                let decided = open(lens, apart, &ones(&key[..half]), &ones(&key[half..]));
                seen.insert(key.to_vec(), decided);
                decided
            });
            out.push(decided);
        }
    }
    out
}

/// Up to this many doubtful rows every choice of them is tried where rows override each other and some
/// never match together; past it the latter is only looked at pair by pair.
const MOST_CHOICES: usize = 16;

/// The outcomes of every choice of the doubtful rows in which no two rows are that never match together.
fn by_choice(
    certain: &[usize],
    doubtful: &[usize],
    verdict: &impl Fn(usize) -> VerdictId,
    beats: &impl Fn(usize, usize) -> bool,
    together: &impl Fn(usize, usize) -> bool,
) -> OutcomeSet {
    let mut set = OutcomeSet::EMPTY;
    for choice in 0..1_u32 << doubtful.len() {
        let chosen = doubtful.iter().enumerate().filter(|(at, _)| choice >> at & 1 == 1).map(|(_, row)| *row);
        let rows: Vec<usize> = certain.iter().copied().chain(chosen).collect();
        let clash = rows
            .iter()
            .enumerate()
            .any(|(at, left)| rows[at + 1..].iter().any(|right| !together(*left, *right)));
        if clash {
            continue;
        }
        let mut left = rows.iter().filter(|row| !rows.iter().any(|strong| beats(*strong, **row)));
        let Some(first) = left.next().map(|row| verdict(*row)) else { continue };
        let outcome =
            if left.all(|row| verdict(*row) == first) { Outcome::Verdict(first) } else { Outcome::Conflict };
        set = set.with(outcome);
    }
    set
}

/// The places of the bits that are set.
fn ones(words: &[u64]) -> Vec<usize> {
    (0..words.len() * 64).filter(|at| words[at / 64] >> (at % 64) & 1 == 1).collect()
}

/// The open outcomes of one subject, given the rows that match certainly and those that match
/// possibly (the certain ones among them).
fn open(lens: &Lens, apart: &Apart, certain: &[usize], possible: &[usize]) -> (OutcomeSet, bool) {
    let verdict = |row: usize| lens.rows[RowId::from_usize(row)].verdict;
    let give = |set: OutcomeSet, row: usize| set.with(Outcome::Verdict(verdict(row)));
    match &lens.policy {
        Policy::FirstMatch => {
            let first = certain.first().copied().unwrap_or(usize::MAX);
            let set = possible
                .iter()
                .filter(|row| **row <= first)
                .fold(OutcomeSet::EMPTY, |set, row| give(set, *row));
            (set, certain.is_empty())
        }
        Policy::Unique { overrides } => {
            let beats = |strong: usize, weak: usize| {
                overrides.binary_search(&(RowId::from_usize(strong), RowId::from_usize(weak))).is_ok()
            };
            let together = |left: usize, right: usize| !apart.never_together(left, right);
            if !overrides.is_empty() && !apart.is_empty() {
                let doubtful: Vec<usize> =
                    possible.iter().copied().filter(|row| !certain.contains(row)).collect();
                if doubtful.len() <= MOST_CHOICES {
                    return (by_choice(certain, &doubtful, &verdict, &beats, &together), certain.is_empty());
                }
            }
            let mut set = OutcomeSet::EMPTY;
            for row in possible {
                let outcome = Outcome::Verdict(verdict(*row));
                if !set.contains(outcome) && can_be(verdict(*row), certain, possible, &verdict, &beats) {
                    set = set.with(outcome);
                }
            }
            if can_conflict(certain, possible, &verdict, &beats, &together) {
                set = set.with(Outcome::Conflict);
            }
            (set, certain.is_empty())
        }
    }
}

/// Whether some choice of the possible rows leaves only rows of this verdict. All its rows may
/// match: one more only weakens others. Of the rest a row may match where a matching one overrides
/// it; so the largest choice is the closure of that, and it serves if the certain rows are in it.
fn can_be(
    wanted: VerdictId,
    certain: &[usize],
    possible: &[usize],
    verdict: &impl Fn(usize) -> VerdictId,
    beats: &impl Fn(usize, usize) -> bool,
) -> bool {
    let mut matching: Vec<usize> = possible.iter().copied().filter(|row| verdict(*row) == wanted).collect();
    loop {
        let before = matching.len();
        for row in possible {
            if !matching.contains(row) && matching.iter().any(|strong| beats(*strong, *row)) {
                matching.push(*row);
            }
        }
        if matching.len() == before {
            break;
        }
    }
    certain.iter().all(|row| matching.contains(row))
}

/// Whether some choice of the possible rows leaves two rows of different verdicts. The fewer match,
/// the fewer are overridden, so two rows beside the certain ones are all that need be tried.
fn can_conflict(
    certain: &[usize],
    possible: &[usize],
    verdict: &impl Fn(usize) -> VerdictId,
    beats: &impl Fn(usize, usize) -> bool,
    together: &impl Fn(usize, usize) -> bool,
) -> bool {
    let strong_enough =
        |strong: usize| !planted(Bug::OutRowsAreWeak) || !certain.iter().any(|other| beats(*other, strong));
    let free = |row: usize, other: usize| {
        !beats(other, row) && !certain.iter().any(|strong| strong_enough(*strong) && beats(*strong, row))
    };
    possible.iter().enumerate().any(|(at, left)| {
        possible[at + 1..].iter().any(|right| {
            verdict(*left) != verdict(*right)
                && together(*left, *right)
                && free(*left, *right)
                && free(*right, *left)
        })
    })
}

/// What a lens says of a subject that these rows match certainly and possibly (the certain ones among
/// them, both ascending), and whether what holds where no row decides is open too.
pub fn outcome_of_rows(
    ruleset: &Ruleset,
    parameters: &IndexVec<ParameterId, Option<Value>>,
    lens: LensId,
    certain: &[usize],
    possible: &[usize],
) -> (OutcomeSet, bool) {
    let entry = &ruleset.lenses[lens];
    open(entry, &Apart::new(ruleset, entry, parameters), certain, possible)
}
