//! Conditions over batches on the text of one word: texts are looked at where they lie, many at a time, so that the
//! waits for memory overlap.

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use memchr::memmem::Finder;

use super::batch::Bail;
use super::batch_compare::{NO, Test, YES};
use super::calculate::holds;
use super::lower::Op;
use super::operators::Run;
use super::program::{Calculation, Comparison, Step};
use crate::builtin::Pattern;
use crate::facts::MISSING;
use crate::value::{Decimal, Value};

/// Texts waited for together.
const TOGETHER: usize = 64;

/// A condition on the text of one variable.
#[derive(Debug)]
pub(super) struct OfText<'p> {
    pub var: usize,
    pub domain: usize,
    /// Whether it is asked of the text in small letters.
    lowered: bool,
    check: Check<'p>,
    /// Whether that must be so.
    is: bool,
}

#[derive(Debug)]
enum Check<'p> {
    Begins(&'p str),
    Ends(&'p str),
    Contains(Finder<'p>),
    Matches(Pattern),
    /// How many characters there are.
    Length(Comparison, &'p Value),
}

impl<'p> OfText<'p> {
    /// The condition a step is, where it is one such.
    pub fn of(step: &'p Step) -> Option<Self> {
        let Step::Compare { left, op, right, .. } = step else { return None };
        let (function, args, op, constant) = match (left, right) {
            (Calculation::Call(function, args), Calculation::Value(constant)) => {
                (function, args, *op, constant)
            }
            (Calculation::Value(constant), Calculation::Call(function, args)) => {
                (function, args, op.turned(), constant)
            }
            _ => return None,
        };
        let (check, is) = match (function.name, args.as_slice(), constant) {
            ("length", [_], Value::Number(_)) => (Check::Length(op, constant), true),
            (name, [_, Calculation::Value(Value::Text(other))], Value::Flag(is))
                if op == Comparison::Equal =>
            {
                let check = match name {
                    "starts-with" => Check::Begins(other),
                    "ends-with" => Check::Ends(other),
                    "contains" => Check::Contains(Finder::new(other.as_bytes())),
                    // One that cannot be read is told of where it is met.
                    "matches" => Check::Matches(Pattern::new(other)?),
                    _ => return None,
                };
                (check, *is)
            }
            _ => return None,
        };
        let (text, lowered) = match args.first()? {
            Calculation::Call(function, args) if function.name == "lower" => (args.first()?, true),
            text => (text, false),
        };
        let Calculation::Var { var, domain } = text else { return None };
        Some(Self { var: *var, domain: *domain, lowered, check, is })
    }

    fn is_met(&self, text: &str) -> bool {
        let text = if !self.lowered {
            Cow::Borrowed(text)
        } else if text.is_ascii() {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Owned(text.to_lowercase())
        };
        let met = match &self.check {
            Check::Begins(head) => text.starts_with(head),
            Check::Ends(end) => text.ends_with(end),
            Check::Contains(part) => part.find(text.as_bytes()).is_some(),
            Check::Matches(pattern) => pattern.is_met(&text),
            Check::Length(op, value) => {
                holds(&Value::Number(Decimal::from(text.chars().count() as i64)), *op, value)
            }
        };
        met == self.is
    }
}

impl Run<'_, '_> {
    /// The rows in which the text of an id is as asked; each id is asked once, as far as that is remembered.
    pub(super) fn by_text(
        &mut self,
        op: &Op<'_>,
        of: &OfText<'_>,
        test: Test<'_>,
        ids: &[u32],
        rows: &mut Vec<u32>,
    ) -> Result<(), Bail> {
        let values = self.values;
        let known = op.truths.known(ids.len(), values.bound(of.domain));
        let truth = |id: u32| known.and_then(|known| known.get(id as usize));
        let mut asked: Vec<(u32, &str)> = Vec::with_capacity(TOGETHER);
        for (at, block) in ids.chunks(TOGETHER).enumerate() {
            let first = at * TOGETHER;
            let mut met = 0_u64;
            asked.clear();
            for (row, id) in (0_u32..).zip(block) {
                let told = truth(*id).map_or(0, |truth| truth.load(Ordering::Relaxed));
                met |= u64::from(told == YES || *id == MISSING && test.possible) << row;
                if told == 0 && *id != MISSING {
                    if let Some(Value::Text(text)) = values.known(of.domain, *id) {
                        asked.push((row, text));
                    } else {
                        // A value made since.
                        self.frame.ids[of.var] = *id;
                        met |= u64::from(self.met(test)?) << row;
                    }
                }
            }
            let begins = asked.iter().map(|(_, text)| text.as_bytes().first().copied().unwrap_or(0));
            std::hint::black_box(begins.fold(0, |read, byte| read ^ byte));
            for (row, text) in &asked {
                let is_met = of.is_met(text);
                met |= u64::from(is_met) << row;
                if let Some(truth) = truth(block[*row as usize]) {
                    truth.store(if is_met { YES } else { NO }, Ordering::Relaxed);
                }
            }
            while met != 0 {
                rows.push((first + met.trailing_zeros() as usize) as u32);
                met &= met - 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_asked_as_the_functions_ask_it() {
        let texts = ["", "a", "Ärger+1", "test9@x", "ÄRGER", "qa12@corp.example", "ǅ+", "a+b+c"];
        let asked = |name: &str, args: &[Value]| {
            let function = crate::builtin::find(name).expect("a function");
            (function.evaluate)(args).expect("a result")
        };
        let text = |text: &str| Value::Text(text.into());
        for (name, other) in [
            ("starts-with", "test"),
            ("ends-with", "@corp.example"),
            ("contains", "+"),
            ("contains", "ärger"),
            ("contains", ""),
            ("matches", "^(test|qa)[0-9]+@"),
        ] {
            for (lowered, is) in [(false, true), (true, true), (true, false)] {
                let function = |name: &str, args| {
                    Calculation::Call(crate::builtin::find(name).expect("a function"), args)
                };
                let var = Calculation::Var { var: 0, domain: 0 };
                let own = if lowered { function("lower", vec![var]) } else { var };
                let left = function(name, vec![own, Calculation::Value(text(other))]);
                let right = Calculation::Value(Value::Flag(is));
                let step = Step::Compare { left, op: Comparison::Equal, right, possible: false };
                let of = OfText::of(&step).expect("a condition on a text");
                for own in texts {
                    let as_asked = if lowered { asked("lower", &[text(own)]) } else { text(own) };
                    let expected = asked(name, &[as_asked, text(other)]) == Value::Flag(is);
                    assert_eq!(of.is_met(own), expected, "{name} {own} {other} {lowered}");
                }
            }
        }
    }
}
