//! What rows lack, in words.

use super::amounts::{compared, is_day, is_flag, is_settled, is_sure, rounded, worked_out_first};
use super::tell::{Line, ToldNote};
use super::words::{Body, Words, list};
use crate::builtin::AggregateKind;
use crate::checker::{Amount, Claim, Derivation};
use crate::explain::{Explanation, Gap, LensStory, Sides, WhyNot};
use crate::model::{Atom, AtomSource, CompareOp, Cond, Constant, Expr, LensId, Policy, RowId, Term, Ty};
use crate::value::Decimal;

impl Words<'_> {
    /// A note per row that would give something else and does not match.
    pub fn why_not(&self, explanation: &Explanation, story: &LensStory) -> Vec<ToldNote> {
        let settled = story.says.settled();
        let lens = &self.ruleset.lenses[story.lens];
        let mut notes: Vec<ToldNote> = story
            .why_not
            .iter()
            .filter(|why| settled != Some(lens.rows[why.row].verdict))
            .filter(|why| !story.barred.iter().any(|(row, _, _)| *row == why.row))
            // Rows that perhaps match stand there already.
            .filter(|why| !story.overruled.iter().any(|(row, _, _)| *row == why.row))
            .filter(|why| !story.rows.iter().any(|proof| proof.claim == Claim::Row(story.lens, why.row)))
            .map(|why| {
                let mut note = self.lack(explanation, story.lens, why);
                if let Some(by) = self.before(story, why) {
                    let by = self.label(story.lens, by);
                    note.text = format!("{}; and {by} would go before it.", note.text.trim_end_matches('.'));
                }
                note
            })
            .collect();
        if !story.why_not_complete && !notes.is_empty() {
            notes.push(ToldNote {
                kind: "why not",
                text: "Other rows lack more than was looked for.".to_owned(),
                lines: Vec::new(),
            });
        }
        notes
    }

    /// The row that would rule it out even if it matched.
    pub(super) fn before(&self, story: &LensStory, why: &WhyNot) -> Option<RowId> {
        let certain = story.rows.iter().filter(|proof| proof.certain).filter_map(|proof| match proof.claim {
            Claim::Row(_, row) => Some(row),
            Claim::When(..) | Claim::Unless(..) | Claim::Rule(_) | Claim::Among(_) => None,
        });
        let mut certain = certain.chain(story.overruled.iter().map(|(row, _, _)| *row));
        match &self.ruleset.lenses[story.lens].policy {
            Policy::FirstMatch => certain.find(|row| *row < why.row),
            Policy::Unique { overrides } => {
                certain.find(|row| overrides.binary_search(&(*row, why.row)).is_ok())
            }
        }
    }

    fn lack(&self, explanation: &Explanation, lens: LensId, why: &WhyNot) -> ToldNote {
        let row = &self.ruleset.lenses[lens].rows[why.row];
        let verdict = &self.ruleset.questions[explanation.question].verdicts[row.verdict].name;
        let (lacks, lines) = self.lacks(lens, why);
        let text = format!("Not `{verdict}` by {}: {lacks}.", self.row_named(lens, why.row));
        ToldNote { kind: "why not", text, lines }
    }

    /// What keeps a row from matching, and the lines on what holds all the same.
    pub(super) fn lacks(&self, lens: LensId, why: &WhyNot) -> (String, Vec<Line>) {
        let row = &self.ruleset.lenses[lens].rows[why.row];
        let body = Body::with_words(&row.clause, &why.words);
        let found = |cond: &Cond| {
            let of = |(at, _): &&(Cond, Derivation)| at.span() == cond.span();
            why.against.iter().find(of).map(|(_, proof)| proof)
        };
        let mut fails: Vec<String> = Vec::new();
        for (cond, sides) in &why.fails {
            let behind = match cond {
                Cond::Not(inner, _) => found(inner),
                other => found(other),
            };
            let instead = why.instead.iter().find(|(of, _)| of.span() == cond.span());
            fails.push(match (self.none_of(cond, sides.as_ref(), behind, &body), instead) {
                (Some(told), _) => told,
                (None, Some((_, fact))) => {
                    body.afresh();
                    self.instead(fact, cond, &body)
                }
                (None, None) => self.fails(cond, sides.as_ref(), behind, &body),
            });
        }
        fails.dedup();
        if let Some((barred, certain)) = &why.barred {
            let perhaps = if *certain { "" } else { "perhaps " };
            fails.push(format!(
                "its `unless` {perhaps}holds, as {}",
                self.all_the_same(barred, found(barred), &body)
            ));
        }
        let derivation = Derivation {
            claim: Claim::Row(lens, why.row),
            certain: true,
            words: why.words.clone(),
            steps: why.holds.clone(),
        };
        let mut lines: Vec<Line> = self.lines(&derivation);
        let mut behind: Vec<Line> = Vec::new();
        for line in why.against.iter().flat_map(|(cond, proof)| self.behind(cond, proof, why, &lines)) {
            if !behind.contains(&line) {
                behind.push(line);
            }
        }
        // What bars a row is not told as what speaks for it.
        lines.retain(|line| !behind.iter().any(|other| other.text == format!("{AGAINST}{}", line.text)));
        // What is not known does not hold.
        for line in lines.iter_mut().filter(|line| line.kind != "missing") {
            line.text = format!("holds: {}", line.text);
        }
        lines.append(&mut behind);
        for cond in &why.unasked {
            // That a value is known is part of the sentence that gives it.
            if why.fails.iter().any(|(failing, _)| failing.span() == cond.span()) {
                continue;
            }
            body.afresh();
            let asked = match cond.span() {
                Some(span) if compares_values(cond, &body) => self.as_written(span),
                _ => self.cond(cond, &body),
            };
            lines.push(Line::new("condition", format!("would still ask: {asked}"), None));
        }
        (joined(&fails), lines)
    }

    /// What stands behind a condition that fails, without what is said to hold.
    fn behind(&self, cond: &Cond, proof: &Derivation, why: &WhyNot, holds: &[Line]) -> Vec<Line> {
        let mut lines = self.lines(proof);
        let is_new = |line: &Line| !holds.contains(line);
        if denies(cond, why) {
            if lines.iter().any(is_new) {
                lines.retain(is_new);
            }
            for line in &mut lines {
                line.text = format!("{AGAINST}{}", line.text);
            }
            return lines;
        }
        lines.retain(is_new);
        if lines.iter().any(|line| line.kind == "lens") {
            lines = lines.into_iter().flat_map(|line| line.from).collect();
        }
        lines
    }

    /// What must not be, with whom it is so.
    fn all_the_same(&self, cond: &Cond, found: Option<&Derivation>, body: &Body<'_>) -> String {
        body.afresh();
        match found {
            Some(proof) => self.cond(cond, &Body::with_words(body.clause, &proof.words)),
            None => self.cond(cond, body),
        }
    }

    /// Why something `is one of` none, where the condition stands for such a list: for all of it, where that is long, or
    /// for one member.
    fn none_of(
        &self,
        cond: &Cond,
        sides: Option<&Sides>,
        behind: Option<&Derivation>,
        body: &Body<'_>,
    ) -> Option<String> {
        let (one, whole) = match cond {
            Cond::Or(parts) if behind.is_none() => (parts.first()?, cond),
            _ => (cond, &body.clause.when),
        };
        let Cond::Compare { lhs, .. } = one else { return None };
        let options = options(whole, one)?;
        body.afresh();
        let mut names: Vec<String> =
            options.iter().take(MOST_OPTIONS).map(|rhs| self.expr(rhs, body)).collect();
        let more = options.len() - names.len();
        names.extend((more > 0).then(|| format!("{more} more")));
        let (text, names) = (self.expr(lhs, body), list(&names, "and"));
        match sides {
            Some(Sides { left, right, .. }) if !is_settled(left) || !is_settled(right) => None,
            Some(Sides { left, .. }) if !matches!(&left.range, Some((Constant::Thing(..), _))) => {
                Some(format!("{text} is {}, not one of {names}", self.amount(left)))
            }
            _ => Some(format!("{text} is not one of {names}")),
        }
    }

    /// Why a condition does not hold.
    fn fails(
        &self,
        cond: &Cond,
        sides: Option<&Sides>,
        behind: Option<&Derivation>,
        body: &Body<'_>,
    ) -> String {
        body.afresh();
        match (cond, sides) {
            (Cond::Not(inner, _), _) => {
                let perhaps = if behind.is_some_and(|proof| !proof.certain) { "perhaps " } else { "" };
                format!("{perhaps}{}", self.all_the_same(inner, behind, body))
            }
            (Cond::Atom(atom), _) if matches!(atom.source, AtomSource::Relation(_)) => {
                // What is not known need not be without a record.
                let certain = behind.is_none() && !atom.known;
                let plain = Cond::Atom(Atom { known: false, ..atom.clone() });
                self.denied(&plain, certain, body)
            }
            (Cond::Compare { lhs, op, rhs, .. }, Some(Sides { left, right, gap })) => {
                let thing = |amount: &Amount| matches!(&amount.range, Some((Constant::Thing(..), _)));
                if thing(left) || thing(right) {
                    return self.denied(cond, true, body);
                }
                for (expr, amount) in [(lhs, left), (rhs, right)] {
                    if amount.range.is_none() {
                        return self.without_value(expr, amount, body);
                    }
                }
                let ((lhs, left), op, (rhs, right)) = worked_out_first((lhs, left), *op, (rhs, right));
                if is_flag(left) && is_flag(right) {
                    let (expr, own) = (self.expr(lhs, body), self.amount(left));
                    return match op {
                        CompareOp::Eq => format!("{expr} is {own}, not {}", self.bound(rhs, right, body)),
                        _ => format!("{expr} is {own}"),
                    };
                }
                let settled = [left, right].iter().all(|side| is_settled(side));
                let is_literal = matches!(rhs, Expr::Term(Term::Constant(_)));
                if settled && is_literal && matches!(op, CompareOp::Eq | CompareOp::Ne) {
                    let not = match op {
                        CompareOp::Eq => {
                            format!(", not {}{}", self.amount(right), off(lhs, op, *gap, settled))
                        }
                        _ => String::new(),
                    };
                    return format!("{} is {}{not}", self.expr(lhs, body), self.amount(left));
                }
                let never = settled || gap.is_some() || is_sure(left, op.negated(), right);
                let not = if never { "not" } else { "not for certain" };
                format!(
                    "{} is {}, {not} {} {}{}",
                    self.expr(lhs, body),
                    self.amount(left),
                    wanted(op, is_day(left) || is_day(right)),
                    self.bound(rhs, right, body),
                    off(lhs, op, *gap, settled)
                )
            }
            (Cond::Stated { .. }, _) => self.denied(cond, true, body),
            _ if behind.is_some_and(|proof| !proof.certain) => {
                format!("it is not certain that {}", self.cond(cond, body))
            }
            _ => format!("it is not so that {}", self.cond(cond, body)),
        }
    }

    fn without_value(&self, expr: &Expr, amount: &Amount, body: &Body<'_>) -> String {
        let text = self.expr(expr, body);
        match expr {
            Expr::Aggregate(aggregate)
                if amount.perhaps_nothing && aggregate.kind == AggregateKind::Average =>
            {
                format!("there is nothing to average in {text}")
            }
            _ if amount.perhaps_nothing => format!("there is nothing to make {text} of"),
            _ if amount.without => format!("{text} has no result"),
            _ => format!("{text} is not known"),
        }
    }

    fn bound(&self, expr: &Expr, amount: &Amount, body: &Body<'_>) -> String {
        match expr {
            Expr::Term(Term::Constant(_)) => self.amount(amount),
            other => format!("{} ({})", self.expr(other, body), self.amount(amount)),
        }
    }
}

/// The most members of a list that are named.
const MOST_OPTIONS: usize = 6;

/// What a side may be, where a condition is one of those that `is one of` stands for.
fn options<'c>(whole: &'c Cond, one: &Cond) -> Option<Vec<&'c Expr>> {
    match whole {
        Cond::And(parts) => parts.iter().find_map(|part| options(part, one)),
        Cond::Or(parts) => {
            let option = |part: &'c Cond| match part {
                // What another word stands for may not be known.
                Cond::Compare {
                    op: CompareOp::Eq,
                    rhs: rhs @ Expr::Term(Term::Constant(_) | Term::Parameter(_)),
                    span,
                    ..
                } if Some(*span) == one.span() => Some(rhs),
                _ => None,
            };
            let all: Option<Vec<&Expr>> = parts.iter().map(option).collect();
            all.filter(|all| all.len() > 1).or_else(|| parts.iter().find_map(|part| options(part, one)))
        }
        _ => None,
    }
}

/// What stands before a line on what keeps a row from matching.
const AGAINST: &str = "against it: ";

/// Whether a condition compares values, not things, so that no names belong in the place of its words.
fn compares_values(cond: &Cond, body: &Body<'_>) -> bool {
    let Cond::Compare { lhs, rhs, .. } = cond else { return false };
    let is_value = |expr: &Expr| match expr {
        Expr::Term(Term::Var(var)) => matches!(body.clause.vars[*var].ty, Ty::Value(_)),
        Expr::Term(Term::Constant(Constant::Thing(..))) => false,
        _ => true,
    };
    is_value(lhs) && is_value(rhs)
}

/// What fails, told apart where `and` could be read as going on with a denial.
fn joined(fails: &[String]) -> String {
    let denials = fails.iter().all(|fail| fail.starts_with("there is no "));
    if denials { list(fails, "and") } else { fails.join("; and ") }
}

/// Whether a condition is one that must not hold.
fn denies(cond: &Cond, why: &WhyNot) -> bool {
    !why.fails.iter().any(|(failing, _)| failing.span() == cond.span())
}

/// By how much a comparison is missed: of counts, how many more or fewer it takes.
fn off(lhs: &Expr, op: CompareOp, gap: Option<Gap>, settled: bool) -> String {
    let least = if settled { "" } else { "at least " };
    let counts = matches!(lhs, Expr::Aggregate(aggregate) if aggregate.kind == AggregateKind::Count);
    match gap {
        Some(Gap::Number(gap)) if counts && gap.to_i64().is_some() => {
            let (more, passed) = match op {
                CompareOp::Gt => ("more needed", true),
                CompareOp::Ge => ("more needed", false),
                CompareOp::Lt => ("too many", true),
                CompareOp::Le => ("too many", false),
                CompareOp::Eq | CompareOp::Ne if gap == Decimal::ZERO => return String::new(),
                CompareOp::Eq | CompareOp::Ne => return format!(", {least}{gap} off"),
            };
            let count = if passed { gap.checked_add(Decimal::from(1)).unwrap_or(gap) } else { gap };
            format!(", {least}{count} {more}")
        }
        // Right at a bound that must be passed there is nothing to say of the distance.
        Some(gap) if gap.is_none() => String::new(),
        Some(Gap::Number(gap)) => format!(", off by {least}{}", rounded(gap)),
        Some(Gap::Days(days)) => format!(", off by {least}{days} {}", if days == 1 { "day" } else { "days" }),
        None => String::new(),
    }
}

/// How the left side of a comparison should stand to the right one.
fn wanted(op: CompareOp, is_day: bool) -> &'static str {
    if op == CompareOp::Ne { "other than" } else { compared(op, is_day) }
}
