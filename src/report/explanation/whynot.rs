//! What rows lack, in words.

use super::tell::{Line, ToldNote};
use super::words::{Body, Words, list, rounded};
use crate::checker::{Amount, Claim, Derivation};
use crate::explain::{Explanation, Gap, LensStory, Sides, WhyNot};
use crate::model::{CompareOp, Cond, Constant, LensId, Policy, RowId};

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
    fn before(&self, story: &LensStory, why: &WhyNot) -> Option<RowId> {
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

    pub(super) fn lack(&self, explanation: &Explanation, lens: LensId, why: &WhyNot) -> ToldNote {
        let row = &self.ruleset.lenses[lens].rows[why.row];
        let verdict = &self.ruleset.questions[explanation.question].verdicts[row.verdict].name;
        let body = Body::with_words(&row.clause, &why.words);
        let mut fails: Vec<String> =
            why.fails.iter().map(|(cond, sides)| self.fails(cond, sides.as_ref(), &body)).collect();
        if let Some((barred, certain)) = &why.barred {
            body.afresh();
            let perhaps = if *certain { "" } else { "perhaps " };
            fails.push(format!("it is barred, since {perhaps}{}", self.cond(barred, &body)));
        }
        let derivation = Derivation {
            claim: Claim::Row(lens, why.row),
            certain: true,
            words: why.words.clone(),
            steps: why.holds.clone(),
        };
        let mut lines: Vec<Line> = self.lines(&derivation);
        for line in &mut lines {
            line.text = format!("holds: {}", line.text);
        }
        for cond in &why.unasked {
            body.afresh();
            lines.push(Line::new("condition", format!("would still ask: {}", self.cond(cond, &body)), None));
        }
        ToldNote {
            kind: "why not",
            text: format!("Not `{verdict}` by row {}: {}.", self.label(lens, why.row), list(&fails, "and")),
            lines,
        }
    }

    /// Why a condition does not hold.
    fn fails(&self, cond: &Cond, sides: Option<&Sides>, body: &Body<'_>) -> String {
        body.afresh();
        match (cond, sides) {
            (Cond::Not(inner, _), _) => self.cond(inner, body),
            (Cond::Atom(atom), _) if matches!(atom.source, crate::model::AtomSource::Relation(_)) => {
                format!("there is no record that {}", self.atom(atom, body))
            }
            (Cond::Compare { lhs, op, rhs, .. }, Some(Sides { left, right, gap })) => {
                let thing = |amount: &Amount| matches!(&amount.range, Some((Constant::Thing(..), _)));
                if thing(left) || thing(right) {
                    return format!("it is not so that {}", self.cond(cond, body));
                }
                if left.range.is_none() || right.range.is_none() {
                    return format!(
                        "{} is not known",
                        self.expr(if left.range.is_none() { lhs } else { rhs }, body)
                    );
                }
                // Right at a bound that must be passed there is nothing to say of the distance.
                let gap = gap.filter(|gap| !gap.is_none()).map(|gap| match gap {
                    Gap::Number(gap) => format!(", off by {}", rounded(gap)),
                    Gap::Days(days) => format!(", off by {days} {}", if days == 1 { "day" } else { "days" }),
                });
                format!(
                    "{} is {}, not {} {}{}",
                    self.expr(lhs, body),
                    self.amount(left),
                    wanted(*op),
                    self.bound(rhs, right, body),
                    gap.unwrap_or_default()
                )
            }
            _ => format!("it is not so that {}", self.cond(cond, body)),
        }
    }

    fn bound(&self, expr: &crate::model::Expr, amount: &Amount, body: &Body<'_>) -> String {
        match expr {
            crate::model::Expr::Term(crate::model::Term::Constant(_)) => self.amount(amount),
            other => format!("{} ({})", self.expr(other, body), self.amount(amount)),
        }
    }
}

fn wanted(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Eq => "the same as",
        CompareOp::Ne => "other than",
        CompareOp::Lt => "less than",
        CompareOp::Le => "at most",
        CompareOp::Gt => "more than",
        CompareOp::Ge => "at least",
    }
}
